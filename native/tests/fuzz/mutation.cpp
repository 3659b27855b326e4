#include "mutation.h"

#include <array>
#include <cctype>
#include <cstring>
#include <vector>

namespace allaprima::fuzz {

namespace {

constexpr char kByteList[] =
    "\0\x01\t\n\r \"'/\\:,{}[]-+.0189eE</w>\x7f\x80\xbf\xc0\xc1\xe2\xed\xf0\xf4\xf8\xff";
constexpr std::string_view kBytes(kByteList, sizeof kByteList - 1);

const std::array<const char*, 24> kTokens{"null",
                                          "true",
                                          "false",
                                          "\"\"",
                                          "[]",
                                          "{}",
                                          "[[[[[[[[",
                                          "{\"a\":",
                                          ",",
                                          "\\u0000",
                                          "\\ud800",
                                          "\\udfff\\ud800",
                                          "\xef\xbb\xbf",
                                          "\xed\xa0\x80",
                                          "\xf4\x90\x80\x80",
                                          "\xc0\x80",
                                          "NaN",
                                          "Infinity",
                                          "#version: 0.2\n",
                                          "</w>",
                                          " ",
                                          "\n",
                                          "\r\n",
                                          "//"};

const std::array<const char*, 24> kNumbers{"0",
                                           "-0",
                                           "1",
                                           "-1",
                                           "2",
                                           "7",
                                           "127",
                                           "128",
                                           "255",
                                           "256",
                                           "65536",
                                           "2147483647",
                                           "2147483648",
                                           "4294967296",
                                           "9007199254740993",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "18446744073709551615",
                                           "18446744073709551616",
                                           "1e400",
                                           "-1e400",
                                           "1e-400",
                                           "0.5",
                                           "1e30"};

Json any_value(Random& random) {
  switch (random.below(8)) {
    case 0:
      return Json();
    case 1:
      return random.one_in(2);
    case 2:
      return Json::array();
    case 3:
      return Json::object();
    case 4:
      return std::string(random.below(4) * 5000, 'x');
    case 5:
      return std::string(1, static_cast<char>('a' + random.below(26)));
    case 6:
      return Json::array({1, "a", Json()});
    default:
      return Json::parse(kNumbers.at(random.below(kNumbers.size())), nullptr, false);
  }
}

void collect(Json& node, std::vector<Json*>& nodes) {
  nodes.push_back(&node);
  if (!node.is_structured()) return;
  for (Json& child : node) collect(child, nodes);
}

void damage(Random& random, Json& root) {
  std::vector<Json*> nodes;
  collect(root, nodes);
  Json& node = *nodes[random.below(nodes.size())];
  switch (random.below(6)) {
    case 0:
      node = any_value(random);
      return;
    case 1:  // out of its place, or into another
      if (node.is_object() && !node.empty()) {
        auto found = node.begin();
        std::advance(found, random.below(node.size()));
        const Json value = *found;
        node.erase(found);
        if (random.one_in(2)) node["a"] = value;
      } else if (node.is_array() && !node.empty()) {
        node.erase(random.below(node.size()));
      }
      return;
    case 2:
      node = Json::array({node});
      return;
    case 3:
      for (size_t depth = random.below(60); depth > 0; --depth) node = Json::array({node});
      return;
    case 4:
      if (node.is_array()) node.push_back(node.empty() ? any_value(random) : node.front());
      if (node.is_number_integer() && random.one_in(2)) {
        node = static_cast<int64_t>(node.get<uint64_t>() + random.below(5) - 2);
      }
      return;
    default: {
      const Json other = *nodes[random.below(nodes.size())];
      node = other;
    }
  }
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void replace_number(Random& random, std::string& text) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  size_t begin = random.below(text.size());
  while (begin < text.size() && !is_digit(text[begin])) ++begin;
  size_t end = begin;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (begin < end) text.replace(begin, end - begin, kNumbers.at(random.below(kNumbers.size())));
}

void damage(Random& random, std::string& text) {
  const size_t at = random.below(text.size() + 1);
  const size_t length = random.one_in(4) ? random.below(text.size()) : random.below(16);
  switch (random.below(9)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      return;
    case 1:
      if (at < text.size()) text[at] = kBytes[random.below(kBytes.size())];
      return;
    case 2:
      text.erase(at, length);
      return;
    case 3:
      text.insert(random.below(text.size() + 1), text.substr(at, length));
      return;
    case 4:
      text.resize(at);
      return;
    case 5:
      text.insert(at, kTokens.at(random.below(kTokens.size())));
      return;
    case 6:
    case 7:
      replace_number(random, text);
      return;
    default:
      text.insert(at, length, kBytes[random.below(kBytes.size())]);
  }
}

}  // namespace

uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15u;
  uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::string mutate_text(Random& random, std::string text) {
  for (size_t faults = 1 + random.below(4); faults > 0; --faults) damage(random, text);
  return text;
}

std::string mutate_json(Random& random, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return mutate_text(random, text);
  for (size_t faults = 1 + random.below(3); faults > 0; --faults) damage(random, json);
  return dump(json);
}

std::string mutate_safetensors(Random& random, const std::string& file) {
  constexpr size_t kLengthBytes = 8, kPage = 4096;
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  std::string header = file.substr(kLengthBytes, length);
  std::string data = file.substr(kLengthBytes + length);
  const size_t kind = random.below(8);
  if (kind == 7) return mutate_text(random, file);
  if (kind < 4) {
    header = mutate_json(random, header);
  } else if (kind < 6) {
    header = mutate_text(random, header);
  } else {
    data.resize(random.below(2 * data.size()));
  }
  // The file ends with a page: one byte too far is no memory of ours.
  const size_t size = kLengthBytes + header.size() + data.size();
  header.append((kPage - size % kPage) % kPage, ' ');
  length = header.size();
  if (random.one_in(16)) {
    length = std::strtoull(kNumbers.at(random.below(kNumbers.size())), nullptr, 10);
  }
  std::string mutated(kLengthBytes, '\0');
  std::memcpy(mutated.data(), &length, kLengthBytes);
  return mutated + header + data;
}

}  // namespace allaprima::fuzz
