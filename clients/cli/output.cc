#include "clients/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clients/cli/exit_code.h"

namespace windrow::cli {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHeight = 24;

Color chosen_color = Color::kAuto;

[[noreturn]] void ExitOnWriteError() {
  // As a program that SIGPIPE ends: the reader knows why it left.
  if (errno == EPIPE) _exit(kExitPipeClosed);
  std::fprintf(stderr, "windrow: cannot write to standard output: %s\n", std::strerror(errno));
  _exit(kExitError);
}

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool CanDraw(int descriptor) {
  const char* const terminal = std::getenv("TERM");
  return isatty(descriptor) != 0 && IsSet("TERM") && std::strcmp(terminal, "dumb") != 0;
}

bool HasColor(int descriptor) {
  if (chosen_color != Color::kAuto) return chosen_color == Color::kAlways;
  return CanDraw(descriptor) && !IsSet("NO_COLOR");
}

winsize SizeOf(int descriptor) {
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

}  // namespace

const std::vector<std::string>& OutputFormats() {
  static const auto* const formats = new std::vector<std::string>{"table", "json", "yaml", "csv"};
  return *formats;
}

void Print(absl::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) ExitOnWriteError();
}

void PrintLine(absl::string_view line) {
  Print(line);
  Print("\n");
}

void Note(absl::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void FlushOutput() {
  if (std::fflush(stdout) != 0) ExitOnWriteError();
}

bool OutputIsTerminal() { return CanDraw(STDOUT_FILENO); }

bool ErrorsGoToTerminal() { return CanDraw(STDERR_FILENO); }

void OutputSize(size_t* width, size_t* height) {
  const winsize size = SizeOf(STDOUT_FILENO);
  *width = size.ws_col > 0 ? size.ws_col : kWidth;
  *height = size.ws_row > 0 ? size.ws_row : kHeight;
}

size_t ErrorsWidth() {
  const winsize size = SizeOf(STDERR_FILENO);
  return size.ws_col > 0 ? size.ws_col : kWidth;
}

void SetColor(Color color) { chosen_color = color; }

bool OutputHasColor() { return HasColor(STDOUT_FILENO); }

bool ErrorsHaveColor() { return HasColor(STDERR_FILENO); }

}  // namespace windrow::cli
