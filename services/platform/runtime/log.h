#ifndef SERVICES_PLATFORM_RUNTIME_LOG_H_
#define SERVICES_PLATFORM_RUNTIME_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::runtime {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One field of a log line; numbers and booleans are written as such.
class LogField {
 public:
  LogField(absl::string_view name, absl::string_view value);
  LogField(absl::string_view name, const char* value);
  LogField(absl::string_view name, const std::string& value);
  LogField(absl::string_view name, int64_t value);
  LogField(absl::string_view name, int value);
  LogField(absl::string_view name, uint64_t value);
  LogField(absl::string_view name, double value);
  LogField(absl::string_view name, bool value);

  // `"name":value` as JSON.
  const std::string& json() const { return json_; }
  // `name=value` as text.
  const std::string& text() const { return text_; }

 private:
  std::string json_;
  std::string text_;
};

// Names the service in every line and chooses the form: "json" (default) or "text". Call once,
// before threads start.
void InitLog(absl::string_view service, absl::string_view format, LogLevel min_level);

// Writes one line to standard error, whole even when several threads write: RFC 3339 time, level,
// service, event (a few fixed words such as "worker started"), fields.
void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields = {});

inline void LogInfo(absl::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(absl::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(absl::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, event, fields);
}

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_LOG_H_
