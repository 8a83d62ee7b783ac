#ifndef CLIENTS_CLI_OUTPUT_H_
#define CLIENTS_CLI_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::cli {

// What `-o` may name for every command that prints data.
const std::vector<std::string>& OutputFormats();  // table, json, yaml, csv

// Writes to standard output, where data goes. A reader that has left (`| head`) ends the program.
void Print(absl::string_view text);
void PrintLine(absl::string_view line);
// Writes one line to standard error, where everything else goes.
void Note(absl::string_view line);
// What Print wrote becomes visible now.
void FlushOutput();

// Whether standard output, or standard error, is a terminal that can be drawn on (TERM is neither
// empty nor "dumb"), and the size of the one of standard output in characters (80 × 24 when it does
// not tell).
bool OutputIsTerminal();
bool ErrorsGoToTerminal();
void OutputSize(size_t* width, size_t* height);
// Columns of the terminal of standard error; 80 when it does not tell.
size_t ErrorsWidth();

// Whether there are colours: kAuto on a terminal, unless NO_COLOR is set (https://no-color.org).
enum class Color { kAuto, kAlways, kNever };
void SetColor(Color color);
bool OutputHasColor();
bool ErrorsHaveColor();

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_OUTPUT_H_
