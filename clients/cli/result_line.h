#ifndef CLIENTS_CLI_RESULT_LINE_H_
#define CLIENTS_CLI_RESULT_LINE_H_

#include <string>

#include "windrow/query/v1/query_service.pb.h"

namespace windrow::cli {

// A row as one line of JSON (without the line's end): window_start, window_end, the group's fields,
// joined columns, aggregates, final, revision. Such as
// {"window_start":"2018-12-31T23:50:00Z","window_end":"2019-01-01T00:00:00Z",
//  "original_crime_type_name":"Traffic Stop","count":3,"final":true,"revision":0}
std::string ResultLine(const query::v1::Result& result);

// The same for a row of a feed, with how it changed ("row", or "retracted" for one that is gone and
// has no values), its version and when that was committed:
// {"change":"row",...,"version":{"partition":3,"offset":17},"commit_time":"..."}
std::string ChangeLine(const query::v1::Result& result, bool retracted);
// And for people: "2018-12-31 23:50 - 2019-01-01 00:00  Traffic Stop  count 3  open".
std::string ChangeText(const query::v1::Result& result, bool retracted);

// The order of an export: by window start, then by the group's values, null before all others, text
// by its bytes.
bool ResultBefore(const query::v1::Result& left, const query::v1::Result& right);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_RESULT_LINE_H_
