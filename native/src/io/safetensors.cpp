#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <random>

#include "base/error.h"
#include "base/json_file.h"

namespace allaprima {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

namespace {

// The reference implementation's own limit.
constexpr uint64_t kLargestHeader = 100'000'000;
constexpr size_t kLengthBytes = 8;

std::string_view header_of(std::span<const std::byte> bytes, const std::string& path) {
  check(bytes.size() >= kLengthBytes, Code::kInvalidModel, path, ": ", bytes.size(),
        " bytes, too short for a safetensors file; download it again");
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<size_t>(bytes.size(), 12));
  check(start != "version http", Code::kInvalidModel, path,
        ": this is a pointer of Git LFS, not the file itself; run `git lfs pull` there");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  check(length <= kLargestHeader && length <= bytes.size() - kLengthBytes, Code::kInvalidModel,
        path, ": the header claims ", length, " bytes, the file has ", bytes.size(), " (at most ",
        kLargestHeader, " are allowed); it is cut short or not a safetensors file");
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length};
}

std::vector<int64_t> shape_of(const Json& entry, const std::string& where) {
  check(entry.contains("shape") && entry["shape"].is_array(), Code::kInvalidModel, where,
        ": has no shape");
  std::vector<int64_t> shape;
  for (const Json& size : entry["shape"]) {
    check(size.is_number_unsigned() && size.get<uint64_t>() <= (uint64_t{1} << 40),
          Code::kInvalidModel, where, ": a size in its shape is not a whole number from 0");
    shape.push_back(size.get<int64_t>());
  }
  return shape;
}

/// Number of bytes that a shape needs; throws when it does not fit 63 bits.
uint64_t bytes_of(const std::vector<int64_t>& shape, size_t element, const std::string& where) {
  uint64_t bytes = element;
  for (int64_t size : shape) {
    check(!__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes) &&
              bytes < (uint64_t{1} << 62),
          Code::kInvalidModel, where, ": its shape needs more bytes than any file has");
  }
  return bytes;
}

TensorEntry entry_of(const Json& entry, std::span<const std::byte> data, const std::string& where) {
  check(entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string(),
        Code::kInvalidModel, where, ": has no dtype");
  TensorEntry tensor;
  tensor.dtype = entry["dtype"].get<std::string>();
  const size_t element = element_size(tensor.dtype);
  check(element != 0, Code::kInvalidModel, where, ": dtype '", tensor.dtype, "' is not known");
  tensor.shape = shape_of(entry, where);
  const auto found = entry.find("data_offsets");
  check(found != entry.end() && found->is_array() && found->size() == 2 &&
            (*found)[0].is_number_unsigned() && (*found)[1].is_number_unsigned(),
        Code::kInvalidModel, where, ": data_offsets are not two whole numbers");
  const Json& offsets = *found;
  const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  check(begin <= end && end <= data.size(), Code::kInvalidModel, where, ": its data lies at ",
        begin, " to ", end, ", the file holds ", data.size(),
        " bytes of data; it is cut short, download it again");
  const uint64_t expected = bytes_of(tensor.shape, element, where);
  check(end - begin == expected, Code::kInvalidModel, where, ": has ", end - begin,
        " bytes of data, its shape and dtype need ", expected);
  tensor.data = data.subspan(begin, end - begin);
  return tensor;
}

void refuse_overlaps(const std::map<std::string, TensorEntry>& tensors, const std::string& path) {
  std::vector<std::pair<std::span<const std::byte>, const std::string*>> spans;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.data.empty()) spans.emplace_back(tensor.data, &name);
  }
  std::sort(spans.begin(), spans.end(),
            [](const auto& a, const auto& b) { return a.first.data() < b.first.data(); });
  for (size_t i = 1; i < spans.size(); ++i) {
    const auto& before = spans[i - 1].first;
    check(before.data() + before.size() <= spans[i].first.data(), Code::kInvalidModel, path,
          ": tensors '", *spans[i - 1].second, "' and '", *spans[i].second, "' overlap");
  }
}

}  // namespace

size_t element_size(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype.starts_with("F8_")) return 1;
  return 0;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::string name = path.string();
  const std::string_view text = header_of(file_.bytes(), name);
  const Json header = parse_json(text, name + ": the header", Repeats::kRefused);
  check(header.is_object(), Code::kInvalidModel, name,
        ": the header is not a JSON object; this is not a safetensors file");
  const auto data = file_.bytes().subspan(kLengthBytes + text.size());
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      check(value.is_object(), Code::kInvalidModel, name, ": __metadata__ is not a JSON object");
      for (const auto& [k, v] : value.items()) {
        if (v.is_string()) metadata_[k] = v.get<std::string>();
      }
    } else {
      tensors_.emplace(key, entry_of(value, data, name + ": tensor '" + key + "'"));
    }
  }
  refuse_overlaps(tensors_, name);
}

void SafetensorsFile::check_whole() const {
  check(file_.is_whole(), Code::kIo, path_.string(),
        ": became shorter while it was read; leave the files alone while a model is loaded, and "
        "load it again");
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.data.size()}}};
    offset += tensor.data.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data starts aligned
  const uint64_t length = text.size();

  // A name of its own: another process may write the same target.
  std::filesystem::path part = path;
  part += "." + std::to_string(std::random_device{}()) + ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&length), kLengthBytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const TensorToWrite& tensor : tensors) {
      file.write(reinterpret_cast<const char*>(tensor.data.data()),
                 static_cast<std::streamsize>(tensor.data.size()));
    }
    file.flush();
    if (!file.good()) {
      std::error_code ignored;
      std::filesystem::remove(part, ignored);
      fail(Code::kIo, path.string(),
           ": cannot be written; is the folder there, writable and not full?");
    }
  }
  std::error_code failed;
  std::filesystem::rename(part, path, failed);
  if (failed) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
  }
  check(!failed, Code::kIo, path.string(), ": cannot be written (", failed.message(), ")");
}

}  // namespace allaprima
