// SPDX-License-Identifier: MIT
#include "debug/symbols.hpp"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

namespace siding::detail {

namespace {

/// A part of a file as an array; empty if it is not all there.
template <class T>
std::vector<T> read_array(std::ifstream& file, std::uint64_t offset, std::uint64_t count) {
    constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
    std::vector<T> all;
    if (count == 0 || count > most_bytes / sizeof(T)) return all;
    all.resize(count);
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(count * sizeof(T)));
    if (!file) all.clear();
    return all;
}

std::optional<std::string> demangle(std::string const& name) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const text(
        abi::__cxa_demangle(name.data(), nullptr, nullptr, &status), &std::free);
    return status == 0 ? std::optional<std::string>(text.get()) : std::nullopt;
}

/// A coroutine goes on in a function of its own: clang's "_Z5fetchi.resume", g++'s
/// "_Z5fetchP14_Z5fetchi.Frame.actor", whose parameter's type has the name of the coroutine.
std::string readable(std::string name) {
    if (auto const frame = name.rfind(".Frame"); frame != std::string::npos) {
        auto const begin = name.rfind("_Z", frame);
        if (begin != std::string::npos && begin != 0) name = name.substr(begin, frame - begin);
    }
    for (auto dot = name.rfind('.'); dot != std::string::npos; dot = name.rfind('.')) {
        if (auto const text = demangle(name)) return *text;
        name.erase(dot); // ".resume", ".actor", ".cold", ".lto_priv.0"
    }
    return demangle(name).value_or(name);
}

} // namespace

symbols::symbols(pid_t of) {
    auto const folder = "/proc/" + std::to_string(of);
    errno = 0;
    std::ifstream maps(folder + "/maps");
    std::string line;
    while (std::getline(maps, line)) {
        std::istringstream parts(line);
        std::string range, rights, device, inode, path;
        std::string offset;
        parts >> range >> rights >> offset >> device >> inode;
        std::getline(parts >> std::ws, path);
        if (rights.size() < 3 || rights[2] != 'x' || path.empty() || path[0] != '/') continue;
        mapping made;
        auto const dash = range.find('-');
        made.begin = std::stoull(range.substr(0, dash), nullptr, 16);
        made.end = std::stoull(range.substr(dash + 1), nullptr, 16);
        made.offset = std::stoull(offset, nullptr, 16);
        made.path = folder + "/root" + path;
        mappings_.push_back(std::move(made));
    }
    if (mappings_.empty()) {
        throw std::system_error(errno != 0 ? errno : EACCES, std::generic_category(),
                                folder + "/maps");
    }
}

void symbols::read_file(mapping& of) {
    if (of.is_read) return;
    of.is_read = true;
    std::ifstream file(of.path, std::ios::binary);
    auto const head = read_array<Elf64_Ehdr>(file, 0, 1);
    if (head.empty() || std::memcmp(head[0].e_ident, ELFMAG, SELFMAG) != 0 ||
        head[0].e_ident[EI_CLASS] != ELFCLASS64) {
        return;
    }
    std::uint64_t bias = 0;
    for (auto const& each : read_array<Elf64_Phdr>(file, head[0].e_phoff, head[0].e_phnum)) {
        bool const is_here = each.p_offset <= of.offset + (of.end - of.begin) &&
                             of.offset <= each.p_offset + each.p_filesz;
        if (each.p_type == PT_LOAD && (each.p_flags & PF_X) != 0 && is_here) {
            bias = of.begin - of.offset - (each.p_vaddr - each.p_offset);
        }
    }
    auto const sections = read_array<Elf64_Shdr>(file, head[0].e_shoff, head[0].e_shnum);
    for (auto const& section : sections) {
        bool const has_symbols = section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM;
        if (!has_symbols || section.sh_link >= sections.size()) continue;
        auto const& names = sections[section.sh_link];
        auto text = read_array<char>(file, names.sh_offset, names.sh_size);
        text.push_back('\0');
        auto const count = section.sh_size / sizeof(Elf64_Sym);
        for (auto const& each : read_array<Elf64_Sym>(file, section.sh_offset, count)) {
            auto const type = ELF64_ST_TYPE(each.st_info);
            if ((type != STT_FUNC && type != STT_OBJECT) || each.st_shndx == SHN_UNDEF) continue;
            if (each.st_name >= text.size()) continue;
            of.all.push_back(
                {each.st_value + bias, each.st_size, text.data() + each.st_name, type == STT_FUNC});
        }
    }
    std::sort(of.all.begin(), of.all.end(),
              [](symbol const& a, symbol const& b) { return a.begin < b.begin; });
}

std::optional<std::string> symbols::name_of(std::uint64_t address) {
    for (auto& each : mappings_) {
        if (address < each.begin || address >= each.end) continue;
        read_file(each);
        auto entry = std::upper_bound(
            each.all.begin(), each.all.end(), address,
            [](std::uint64_t value, symbol const& one) { return value < one.begin; });
        while (entry != each.all.begin()) {
            --entry;
            if (!entry->is_function) continue;
            if (address >= entry->begin + std::max<std::uint64_t>(entry->bytes, 1)) break;
            return readable(entry->name);
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> symbols::address_of(std::string const& object) {
    for (auto& each : mappings_) {
        read_file(each);
        for (auto const& one : each.all) {
            if (!one.is_function && one.name == object) return one.begin;
        }
    }
    return std::nullopt;
}

} // namespace siding::detail
