#ifndef CLIENTS_CLI_OUTPUT_H_
#define CLIENTS_CLI_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::cli {

// What `-o` may name.
const std::vector<std::string>& OutputFormats();  // table, json

// Writes to standard output, where data goes. A reader that has left (`| head`) ends the program.
void Print(absl::string_view text);
void PrintLine(absl::string_view line);
// Writes one line to standard error, where everything else goes.
void Note(absl::string_view line);
// What Print wrote becomes visible now.
void FlushOutput();

// Whether standard output is a terminal, and its size in characters (80 × 24 when it does not
// tell).
bool OutputIsTerminal();
void OutputSize(size_t* width, size_t* height);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_OUTPUT_H_
