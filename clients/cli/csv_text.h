#ifndef CLIENTS_CLI_CSV_TEXT_H_
#define CLIENTS_CLI_CSV_TEXT_H_

#include <string>
#include <vector>

namespace windrow::cli {

// One line of CSV as in RFC 4180, with its CRLF. Values with a comma, a quote or a line end are
// quoted. Nothing else is changed: a value that a spreadsheet may take for a formula stays as it
// is.
std::string CsvLine(const std::vector<std::string>& values);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_CSV_TEXT_H_
