// Reads values of a component's configuration, with errors that name file, key, value and what is
// supported.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_file.h"

namespace allaprima {

/// What of a configuration is not supported, a sentence each.
using Refusals = std::vector<std::string>;

class ConfigReader {
 public:
  /// Values that are readable and not supported are thrown, or added to `refusals` where it is
  /// given.
  explicit ConfigReader(const std::filesystem::path& file, Refusals* refusals = nullptr)
      : file_(file.string()), json_(read_json(file)), refusals_(refusals) {
    check(json_.is_object(), Code::kInvalidModel, file_, ": is not a JSON object");
  }

  /// The value of `key`; null and absent count as `fallback`, or as an error without one.
  template <class T>
  T get(const std::string& key, std::optional<T> fallback = std::nullopt) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) {
      check(fallback.has_value(), Code::kInvalidModel, file_, ": '", key, "' is missing");
      return *fallback;
    }
    try {
      return found->template get<T>();
    } catch (const Json::exception&) {
      fail(Code::kInvalidModel, file_, ": '", key, "' has the unexpected value ", found->dump());
    }
  }

  /// A whole number from `least` to `most`, by default a size that no published model reaches.
  int64_t size(const std::string& key, std::optional<int64_t> fallback = std::nullopt,
               int64_t least = 1, int64_t most = kLargest) const {
    const auto found = json_.find(key);
    const bool absent = found == json_.end() || found->is_null();
    check(absent ? fallback.has_value() : found->is_number_integer(), Code::kInvalidModel, file_,
          ": '", key, "' is ", absent ? "missing" : found->dump(), ", expected a whole number");
    const int64_t value = absent ? *fallback : found->get<int64_t>();
    check(value >= least && value <= most, Code::kInvalidModel, file_, ": '", key, "' is ", value,
          ", expected ", least, " to ", most);
    return value;
  }

  std::vector<int64_t> sizes(const std::string& key) const {
    const auto values = get<std::vector<int64_t>>(key);
    for (const Json& value : json_.at(key)) {
      check(value.is_number_integer(), Code::kInvalidModel, file_, ": '", key, "' holds ",
            value.dump(), ", expected whole numbers");
    }
    check(!values.empty() && values.size() <= 8, Code::kInvalidModel, file_, ": '", key, "' has ",
          values.size(), " entries, expected 1 to 8");
    for (int64_t value : values) {
      check(value >= 1 && value <= kLargest, Code::kInvalidModel, file_, ": '", key, "' holds ",
            value, ", expected 1 to ", kLargest);
    }
    return values;
  }

  /// Refuses any value but `supported`, which is also what an absent key means.
  template <class T>
  void expect(const std::string& key, const T& supported) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return;
    refuse_unless(*found == Json(supported), ": '", key, "' is ", found->dump(),
                  ", which is not supported; ", Json(supported).dump(), " is");
  }

  /// Refuses any text that is not in the list; its first entry is what an absent key means.
  void expect_one_of(const std::string& key, const std::vector<std::string>& supported) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return;
    for (const std::string& value : supported) {
      if (*found == Json(value)) return;
    }
    refuse_unless(false, ": '", key, "' is ", found->dump(), ", which is not supported; one of ",
                  Json(supported).dump(), " is");
  }

  /// Refuses null, for a key where that means something else than the default.
  void expect_present(const std::string& key) const {
    const auto found = json_.find(key);
    refuse_unless(found == json_.end() || !found->is_null(), ": '", key,
                  "' is null, which is not supported; a value is");
  }

  /// Refuses any value at all.
  void expect_absent(const std::string& key) const {
    const auto found = json_.find(key);
    refuse_unless(found == json_.end() || found->is_null(), ": '", key, "' is ",
                  found == json_.end() ? "" : found->dump(), ", which is not supported; null is");
  }

  const Json& json() const { return json_; }
  const std::string& file() const { return file_; }

 private:
  static constexpr int64_t kLargest = 1 << 20;

  template <class... Parts>
  void refuse_unless(bool ok, const Parts&... parts) const {
    if (ok) return;
    if (refusals_ == nullptr) fail(Code::kInvalidModel, file_, parts...);
    refusals_->push_back(message_of(file_, parts...));
  }

  std::string file_;
  Json json_;
  Refusals* refusals_;
};

}  // namespace allaprima
