// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace remote {

/// A model as its worker describes itself (`worker --describe`, docs/worker-protocol.md). Owns what
/// a contract::model only refers to.
class table {
public:
    /// `description`: what the worker printed. Throws std::runtime_error if it cannot be read, or
    /// names a workload that there is not.
    table(std::string const& name, std::string const& description);

    /// A model without cells, which says why.
    table(std::string const& name, contract::missing_part const&);

    /// A model that cannot be used.
    [[nodiscard]] static std::unique_ptr<table> faulty(std::string const& name,
                                                       std::string const& why);

    table(table const&) = delete;
    table& operator=(table const&) = delete;

    [[nodiscard]] contract::model const& model() const noexcept { return model_; }

private:
    explicit table(std::string const& name);

    std::string_view keep(std::string text);

    std::deque<std::string> texts_; ///< their addresses last
    std::vector<contract::cell> cells_;
    contract::model model_;
};

} // namespace remote
