// SPDX-License-Identifier: Apache-2.0

#include "weft/core/parallel_processing_config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace weft {
namespace {

using Config = ParallelProcessingConfig;
using Field = std::variant<int Config::*, bool Config::*>;

enum class Effect : bool { kNotYet, kThere };

struct Key {
  std::string_view name;
  Field field;
  Effect effect;
  int min = 0;  // min and max bound a number; true and false need none
  int max = 0;
};

constexpr int kMillion = 1'000'000;

constexpr std::array kKeys = {
    Key{"num_workers", &Config::num_workers, Effect::kThere, 0, Config::kMaxWorkers},
    Key{"max_memory_percent", &Config::max_memory_percent, Effect::kThere, 1, 100},
    Key{"batch_size", &Config::batch_size, Effect::kNotYet, 1, kMillion},
    Key{"critical_path_priority", &Config::critical_path_priority, Effect::kThere, 0, 1000},
    Key{"enable_work_stealing", &Config::enable_work_stealing, Effect::kThere},
    Key{"min_task_size", &Config::min_task_size, Effect::kThere, 1, kMillion},
    Key{"max_tasks_in_flight", &Config::max_tasks_in_flight, Effect::kThere, 1, kMillion},
    Key{"parallel", &Config::parallel, Effect::kThere},
};

// Quotes text from outside: control characters and broken UTF-8 become visible,
// and a hostile megabyte does not fill the message.
std::string Quote(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  const bool cut = text.size() > kLongest;
  if (cut) text = text.substr(0, kLongest);
  const std::string escaped = absl::CHexEscape(absl::string_view(text.data(), text.size()));
  return "'" + escaped + (cut ? "...'" : "'");
}

std::string NameKnownKeys() {
  std::string names;
  for (const Key& key : kKeys) {
    if (!names.empty()) names += ", ";
    names += key.name;
  }
  return names;
}

std::string DescribeAllowed(const Key& key) {
  if (std::holds_alternative<bool Config::*>(key.field)) return "true or false";
  return "a whole number from " + std::to_string(key.min) + " to " + std::to_string(key.max);
}

absl::Status RefuseValue(const Key& key, std::string_view value) {
  return absl::InvalidArgumentError(std::string(key.name) + ": " + std::string(value) +
                                    " is not allowed; it must be " + DescribeAllowed(key));
}

std::string WriteValue(const Key& key, const Config& config) {
  if (const auto* number = std::get_if<int Config::*>(&key.field)) {
    return std::to_string(config.**number);
  }
  return config.*std::get<bool Config::*>(key.field) ? "true" : "false";
}

bool IsInRange(const Key& key, std::int64_t value) { return key.min <= value && value <= key.max; }

absl::Status RefuseText(std::string_view text, std::size_t at, std::string_view token) {
  at = std::min(at, text.size());
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column = last_break == before.npos ? at + 1 : at - last_break;
  return absl::InvalidArgumentError(
      "malformed JSON at line " + std::to_string(line) + ", column " + std::to_string(column) +
      (at == text.size() ? ": the text ends too early" : ": near " + Quote(token)));
}

// Fills a config from parser events. Every event returns whether to go on; after
// a false, `error()` tells why. Nothing nests, so depth costs nothing.
//
// Thread safety: one thread at a time.
class ConfigReader {
 public:
  explicit ConfigReader(std::string_view text) : text_(text) {}

  const Config& config() const { return config_; }
  const absl::Status& error() const { return error_; }

  // The names below are those that nlohmann::json::sax_parse calls.
  bool null() { return RefuseType("null"); }
  bool boolean(bool value) {
    if (!ExpectValue()) return false;
    if (const auto* field = std::get_if<bool Config::*>(&key_->field)) {
      config_.** field = value;
      return true;
    }
    return RefuseType(value ? "true" : "false");
  }
  bool number_integer(std::int64_t value) { return TakeNumber(value, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) {
    constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
    return TakeNumber(static_cast<std::int64_t>(std::min(value, kLargest)), std::to_string(value));
  }
  bool number_float(double /*value*/, const std::string& written) {
    return RefuseType(Quote(written));
  }
  bool string(std::string& value) { return RefuseType("the text " + Quote(value)); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return RefuseType("binary data"); }
  bool start_array(std::size_t /*size*/) { return RefuseType("an array"); }
  bool end_array() { return true; }
  bool start_object(std::size_t /*size*/) {
    if (inside_) return RefuseType("an object");
    inside_ = true;
    return true;
  }
  bool end_object() { return true; }
  bool key(std::string& name);
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::json::exception& cause);

 private:
  bool Refuse(absl::Status why) {
    error_ = std::move(why);
    return false;
  }
  bool ExpectValue() {
    if (inside_) return true;
    return Refuse(absl::InvalidArgumentError(
        "the configuration must be one JSON object, such as {\"num_workers\": 2}"));
  }
  bool RefuseType(std::string_view what) {
    if (!ExpectValue()) return false;
    return Refuse(RefuseValue(*key_, what));
  }
  bool TakeNumber(std::int64_t value, std::string_view written) {
    if (!ExpectValue()) return false;
    const auto* field = std::get_if<int Config::*>(&key_->field);
    if (field == nullptr || !IsInRange(*key_, value)) {
      return Refuse(RefuseValue(*key_, written));
    }
    config_.** field = static_cast<int>(value);
    return true;
  }

  const std::string_view text_;
  Config config_;
  absl::Status error_;
  bool inside_ = false;       // after the opening brace
  const Key* key_ = nullptr;  // the key whose value comes next
  std::array<bool, kKeys.size()> seen_ = {};
};

bool ConfigReader::key(std::string& name) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
  if (found == kKeys.end()) {
    return Refuse(absl::InvalidArgumentError("unknown key " + Quote(name) +
                                             "; the known keys are " + NameKnownKeys()));
  }
  bool& seen = seen_[static_cast<std::size_t>(found - kKeys.begin())];
  if (seen) {
    return Refuse(
        absl::InvalidArgumentError("key " + Quote(name) + " is given twice; keep one of them"));
  }
  seen = true;
  key_ = found;
  return true;
}

bool ConfigReader::parse_error(std::size_t position, const std::string& last_token,
                               const nlohmann::json::exception& /*cause*/) {
  // `position` counts the bytes read, the offending one included.
  return Refuse(RefuseText(text_, position > 0 ? position - 1 : 0, last_token));
}

}  // namespace

absl::Status ParallelProcessingConfig::Validate() const {
  for (const Key& key : kKeys) {
    const auto* number = std::get_if<int Config::*>(&key.field);
    if (number != nullptr && !IsInRange(key, this->**number)) {
      return RefuseValue(key, WriteValue(key, *this));
    }
  }
  const Config defaults;
  for (const Key& key : kKeys) {
    if (key.effect == Effect::kThere) continue;
    const std::string value = WriteValue(key, *this);
    const std::string expected = WriteValue(key, defaults);
    if (value == expected) continue;
    return absl::UnimplementedError(std::string(key.name) + ": " + value +
                                    " would have no effect in this version; leave it at " +
                                    expected);
  }
  return absl::OkStatus();
}

std::string ParallelProcessingConfig::ToJson() const {
  std::string json = "{";
  for (const Key& key : kKeys) {
    json += json.size() == 1 ? "\n" : ",\n";
    json += "  \"" + std::string(key.name) + "\": " + WriteValue(key, *this);
  }
  json += "\n}\n";
  return json;
}

absl::StatusOr<ParallelProcessingConfig> ParallelProcessingConfig::FromJson(std::string_view json) {
  // The parser takes a NUL byte for the end of the text and would drop what follows.
  const std::size_t nul = json.find('\0');
  if (nul != json.npos) return RefuseText(json, nul, json.substr(nul, 1));
  ConfigReader reader(json);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader)) return reader.error();
  return reader.config();
}

}  // namespace weft
