// The name of a function in this process, static and hidden ones included: from the symbol table
// in the file it was loaded from, because the dynamic one holds exported names only.
#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "runtime.h"

namespace fake_cuda {
namespace {

struct Symbol {
  uint64_t address;
  uint64_t bytes;
  std::string name;
};

template <class T>
std::vector<T> read(std::ifstream& file, uint64_t offset, uint64_t bytes) {
  std::vector<T> result(bytes / sizeof(T));
  file.seekg(std::streamoff(offset));
  file.read(reinterpret_cast<char*>(result.data()), std::streamsize(bytes));
  return result;
}

std::vector<Symbol> functions_of(const char* path) {
  std::vector<Symbol> result;
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header{};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!file || std::equal(ELFMAG, ELFMAG + SELFMAG, header.e_ident) == false) return result;
  const auto sections =
      read<Elf64_Shdr>(file, header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
    const Elf64_Shdr& strings = sections[section.sh_link];
    const auto text = read<char>(file, strings.sh_offset, strings.sh_size);
    for (const Elf64_Sym& symbol : read<Elf64_Sym>(file, section.sh_offset, section.sh_size)) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0) continue;
      result.push_back({symbol.st_value, symbol.st_size, text.data() + symbol.st_name});
    }
  }
  std::sort(result.begin(), result.end(),
            [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
  return result;
}

}  // namespace

std::string function_name(const void* address) {
  Lock lock;
  static auto* const known = new std::map<const void*, std::string>;
  static auto* const tables = new std::map<std::string, std::vector<Symbol>>;
  if (const auto found = known->find(address); found != known->end()) return found->second;
  Dl_info info{};
  if (dladdr(address, &info) == 0 || !info.dli_fname) return "unknown function";
  const auto [table, added] = tables->try_emplace(info.dli_fname);
  if (added) {
    const bool program = !std::ifstream(info.dli_fname).good();
    table->second = functions_of(program ? "/proc/self/exe" : info.dli_fname);
  }
  // A program that is not position-independent has absolute addresses.
  const auto at = reinterpret_cast<uint64_t>(address);
  const auto base = reinterpret_cast<uint64_t>(info.dli_fbase);
  for (const uint64_t wanted : {at - base, at}) {
    const auto found =
        std::lower_bound(table->second.begin(), table->second.end(), wanted,
                         [](const Symbol& symbol, uint64_t key) { return symbol.address < key; });
    if (found != table->second.end() && found->address == wanted) {
      return (*known)[address] = short_kernel_name(found->name);
    }
  }
  return (*known)[address] = "unknown function";
}

}  // namespace fake_cuda
