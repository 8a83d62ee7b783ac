#include "services/platform/runtime/log.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/platform/runtime/valid_utf8.h"

namespace windrow::runtime {
namespace {

constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxValueBytes = 4096;

struct LogSettings {
  std::string service = "windrow";
  bool json = true;
  LogLevel min_level = LogLevel::kInfo;
};

// Never destroyed: threads may log while the process ends.
LogSettings& Settings() {
  static LogSettings& settings = *new LogSettings;
  return settings;
}

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

// A JSON string, with its quotes.
std::string Quoted(absl::string_view text, size_t max_bytes) {
  std::string out = "\"";
  for (const char c : ValidUtf8(text, max_bytes)) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        // DEL too, though JSON would allow it: a log is read on terminals.
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out += '"';
}

bool IsPlainWord(absl::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7F) return false;
  }
  return !text.empty() && text.size() <= kMaxValueBytes;
}

std::string TextValue(absl::string_view value) {
  return IsPlainWord(value) ? std::string(value) : Quoted(value, kMaxValueBytes);
}

std::string JsonField(absl::string_view name, absl::string_view json_value) {
  return absl::StrCat(Quoted(name, kMaxNameBytes), ":", json_value);
}

std::string TextField(absl::string_view name, absl::string_view text_value) {
  return absl::StrCat(name, "=", text_value);
}

// The shortest form that reads back as the same number; JSON has no form for infinity and NaN.
std::string Number(double value) {
  char buffer[32];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  const absl::string_view digits(buffer, end.ptr - buffer);
  return std::isfinite(value) ? std::string(digits) : absl::StrCat("\"", digits, "\"");
}

// Gives a reader that lags a moment; a line is dropped rather than the service stopped.
bool WaitUntilWritable(int fd) {
  pollfd poll_fd = {fd, POLLOUT, 0};
  return poll(&poll_fd, 1, 100) > 0;
}

void WriteLine(absl::string_view line) {
  // The lock keeps lines whole where the kernel does not: above PIPE_BUF.
  static absl::Mutex& mutex = *new absl::Mutex;
  absl::MutexLock lock(&mutex);
  while (!line.empty()) {
    const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
    if (written >= 0) {
      line.remove_prefix(written);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN && WaitUntilWritable(STDERR_FILENO)) continue;
    return;
  }
}

}  // namespace

LogField::LogField(absl::string_view name, absl::string_view value)
    : json_(JsonField(name, Quoted(value, kMaxValueBytes))),
      text_(TextField(name, TextValue(value))) {}
LogField::LogField(absl::string_view name, const char* value)
    : LogField(name, absl::NullSafeStringView(value)) {}
LogField::LogField(absl::string_view name, const std::string& value)
    : LogField(name, absl::string_view(value)) {}
LogField::LogField(absl::string_view name, int64_t value)
    : json_(JsonField(name, absl::StrCat(value))), text_(TextField(name, absl::StrCat(value))) {}
LogField::LogField(absl::string_view name, int value)
    : LogField(name, static_cast<int64_t>(value)) {}
LogField::LogField(absl::string_view name, uint64_t value)
    : json_(JsonField(name, absl::StrCat(value))), text_(TextField(name, absl::StrCat(value))) {}
LogField::LogField(absl::string_view name, double value)
    : json_(JsonField(name, Number(value))), text_(TextField(name, Number(value))) {}
LogField::LogField(absl::string_view name, bool value)
    : json_(JsonField(name, value ? "true" : "false")),
      text_(TextField(name, value ? "true" : "false")) {}

void InitLog(absl::string_view service, absl::string_view format, LogLevel min_level) {
  Settings() = {std::string(service), format != "text", min_level};
}

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogField> fields) {
  const LogSettings& settings = Settings();
  if (level < settings.min_level) return;
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  std::string line;
  if (settings.json) {
    line = absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", LevelName(level), "\",",
                        JsonField("service", Quoted(settings.service, kMaxValueBytes)), ",",
                        JsonField("event", Quoted(event, kMaxValueBytes)));
    for (const LogField& field : fields) absl::StrAppend(&line, ",", field.json());
    line += "}\n";
  } else {
    line = absl::StrCat(time, " ", LevelName(level), " ", settings.service, " ",
                        TextField("event", TextValue(event)));
    for (const LogField& field : fields) absl::StrAppend(&line, " ", field.text());
    line += '\n';
  }
  WriteLine(line);
}

}  // namespace windrow::runtime
