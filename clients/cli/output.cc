#include "clients/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace windrow::cli {
namespace {

constexpr int kExitError = 1;

[[noreturn]] void ExitOnWriteError() {
  // As a program that SIGPIPE ends: the reader knows why it left.
  if (errno == EPIPE) _exit(128 + 13);
  std::fprintf(stderr, "windrow: cannot write to standard output: %s\n", std::strerror(errno));
  _exit(kExitError);
}

}  // namespace

const std::vector<std::string>& OutputFormats() {
  static const auto* const formats = new std::vector<std::string>{"table", "json"};
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

bool OutputIsTerminal() { return isatty(STDOUT_FILENO) != 0; }

void OutputSize(size_t* width, size_t* height) {
  winsize size = {};
  const bool told = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  *width = told && size.ws_col > 0 ? size.ws_col : 80;
  *height = told && size.ws_row > 0 ? size.ws_row : 24;
}

}  // namespace windrow::cli
