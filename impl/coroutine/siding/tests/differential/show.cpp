// SPDX-License-Identifier: MIT
#include "show.hpp"

#include "execution.hpp"

#include <typeinfo>

namespace differential {

bool is_cancellation(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (siding::cancelled_error const&) {
        return true;
    } catch (...) {
        return false;
    }
}

std::string show_error(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (siding::cancelled_error const& e) {
        return "Cancelled(" + e.message() + ')';
    } catch (error const& e) {
        return "Error(" + std::to_string(e.number) + ')';
    } catch (siding::exception_group const& group) {
        std::string all;
        for (auto const& each : group.exceptions()) {
            all += (all.empty() ? "" : ",") + show_error(each);
        }
        return "Group[" + all + ']';
    } catch (siding::invalid_state_error const&) {
        return "InvalidStateError";
    } catch (siding::timeout_error const&) {
        return "TimeoutError";
    } catch (siding::queue_empty const&) {
        return "QueueEmpty";
    } catch (siding::queue_full const&) {
        return "QueueFull";
    } catch (siding::broken_barrier_error const&) {
        return "BrokenBarrierError";
    } catch (siding::value_error const&) {
        return "ValueError";
    } catch (siding::runtime_error const&) {
        return "RuntimeError";
    } catch (cut const&) {
        return "Cut";
    } catch (std::exception const& e) {
        return std::string("unexpected ") + typeid(e).name() + ' ' + e.what();
    }
}

namespace {

std::string join(std::vector<std::string> const& list) {
    std::string all;
    for (auto const& each : list) {
        if (!all.empty()) all += ',';
        all += each;
    }
    return '[' + all + ']';
}

} // namespace

std::string show(std::vector<std::string> const& list) { return join(list); }

std::string show(std::vector<siding::outcome<std::string>> const& list) {
    std::vector<std::string> all;
    for (auto const& each : list) {
        all.push_back(each.has_value() ? each.value() : '!' + show_error(each.exception()));
    }
    return join(all);
}

std::string short_name(siding::any_task const& task) {
    auto const name = task.get_name();
    return name.substr(0, name.find('-'));
}

} // namespace differential
