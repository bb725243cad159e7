// SPDX-License-Identifier: MIT
// HdrHistogram's V2 encoding: a header, then the counts as ZigZag LEB128 with runs of empty buckets
// as negative numbers; compressed by zlib behind a header of its own. All integers big endian.

#include "histogram/base64.hpp"
#include "histogram/histogram.hpp"

#include <algorithm>
#include <bit>

#include <stdexcept>
#include <zlib.h>

namespace histogram {

namespace {

constexpr std::uint32_t plain_cookie = 0x1c849303 | 0x10;
constexpr std::uint32_t compressed_cookie = 0x1c849304 | 0x10;
constexpr std::size_t header_bytes = 40;

using bytes = std::vector<std::uint8_t>;

template <class T>
void put(bytes& to, T value) {
    for (auto shift = static_cast<int>(sizeof(T) * 8) - 8; shift >= 0; shift -= 8) {
        to.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

class reader {
public:
    explicit reader(bytes const& from) : from_(from) {}

    template <class T>
    T get() {
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value = static_cast<T>((value << 8) | next());
        }
        return value;
    }
    std::int64_t get_zigzag() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 63; shift += 7) {
            // The ninth byte carries eight bits and no continuation flag.
            auto const byte = next();
            if (shift == 56) {
                value |= std::uint64_t{byte} << shift;
                break;
            }
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if ((byte & 0x80) == 0) break;
        }
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
    [[nodiscard]] bool at_end() const noexcept { return position_ == from_.size(); }
    [[nodiscard]] std::size_t place() const noexcept { return position_; }

private:
    std::uint8_t next() {
        if (at_end()) throw std::invalid_argument("histogram: the payload ends too early");
        return from_[position_++];
    }

    bytes const& from_;
    std::size_t position_ = 0;
};

void put_zigzag(bytes& to, std::int64_t number) {
    auto value =
        (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    for (int i = 0; i < 8 && value >= 0x80; ++i) {
        to.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    to.push_back(static_cast<std::uint8_t>(value));
}

bytes encode_counts(histogram const& from) {
    bytes out;
    auto const& counts = from.counts();
    auto const end =
        from.count() == 0
            ? 0
            : histogram::index_of(std::min(from.max(), histogram::highest_trackable)) + 1;
    for (std::size_t i = 0; i < end;) {
        if (counts[i] != 0) {
            put_zigzag(out, static_cast<std::int64_t>(counts[i++]));
            continue;
        }
        std::int64_t zeros = 0;
        while (i < end && counts[i] == 0) {
            ++zeros;
            ++i;
        }
        put_zigzag(out, zeros == 1 ? 0 : -zeros);
    }
    return out;
}

} // namespace

std::string histogram::encode_base64() const {
    auto const counts = encode_counts(*this);
    bytes plain;
    put(plain, plain_cookie);
    put(plain, static_cast<std::uint32_t>(counts.size()));
    put(plain, std::uint32_t{0}); // normalizing index offset
    put(plain, std::uint32_t{3}); // significant digits
    put(plain, std::uint64_t{1}); // lowest discernible value
    put(plain, highest_trackable);
    put(plain, std::bit_cast<std::uint64_t>(1.0)); // conversion ratio
    plain.insert(plain.end(), counts.begin(), counts.end());

    bytes deflated(::compressBound(plain.size()));
    uLongf size = deflated.size();
    if (::compress2(deflated.data(), &size, plain.data(), plain.size(), 4) != Z_OK) {
        throw std::runtime_error("histogram: zlib could not compress");
    }
    bytes out;
    put(out, compressed_cookie);
    put(out, static_cast<std::uint32_t>(size));
    out.insert(out.end(), deflated.begin(), deflated.begin() + static_cast<std::ptrdiff_t>(size));
    return to_base64(out);
}

histogram histogram::decode_base64(std::string_view text) {
    auto const packed = from_base64(text);
    reader outer(packed);
    if (outer.get<std::uint32_t>() != compressed_cookie) {
        throw std::invalid_argument("histogram: not a compressed V2 payload");
    }
    auto const size = outer.get<std::uint32_t>();
    if (outer.place() + size > packed.size()) {
        throw std::invalid_argument("histogram: the payload ends too early");
    }
    histogram result;
    bytes plain(header_bytes + 9 * result.counts_.size());
    uLongf plain_size = plain.size();
    if (::uncompress(plain.data(), &plain_size, packed.data() + outer.place(), size) != Z_OK) {
        throw std::invalid_argument("histogram: zlib could not decompress");
    }
    plain.resize(plain_size);
    reader inner(plain);
    if (inner.get<std::uint32_t>() != plain_cookie) {
        throw std::invalid_argument("histogram: not a V2 payload");
    }
    static_cast<void>(inner.get<std::uint32_t>()); // length: what follows
    static_cast<void>(inner.get<std::uint32_t>());
    if (inner.get<std::uint32_t>() != 3) {
        throw std::invalid_argument("histogram: only three significant digits are supported");
    }
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(inner.get<std::uint64_t>());
    }
    for (std::size_t index = 0; !inner.at_end();) {
        auto const number = inner.get_zigzag();
        if (number < 0) {
            index += static_cast<std::size_t>(-number);
            continue;
        }
        if (index >= result.counts_.size()) {
            throw std::invalid_argument("histogram: more buckets than an hour has");
        }
        auto const count = static_cast<std::uint64_t>(number);
        if (count != 0) {
            result.counts_[index] = count;
            result.count_ += count;
            result.min_ = std::min(result.min_, lowest_of(index));
            result.max_ = highest_of(index);
            result.sum_ += static_cast<long double>(count) *
                           static_cast<long double>(lowest_of(index) + highest_of(index)) / 2;
        }
        ++index;
    }
    return result;
}

} // namespace histogram
