#ifndef CLIENTS_CLI_LIVE_TABLE_H_
#define CLIENTS_CLI_LIVE_TABLE_H_

#include <optional>
#include <string>
#include <vector>

#include "clients/cli/window_board.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// What `watch` shows beside the windows.
struct LiveStatus {
  // Id of the view.
  std::string view;
  // The aggregator's last report; absent before the first.
  std::optional<aggregator::v1::Progress> progress;
  // What is wrong with the connections right now, one line each.
  std::vector<std::string> troubles;
};

// Size of the place to draw in, in characters.
struct Screen {
  size_t width = 80;
  size_t height = 24;
  bool color = false;
};

// The newest windows that are open and the newest that are final, each with its fullest groups, and
// a line of progress: at most screen.height lines, each at most screen.width wide.
std::vector<std::string> LiveTable(const WindowBoard& board, const LiveStatus& status,
                                   const Screen& screen);

// The same for a log: a line for the newest window of each kind, and one of progress.
std::vector<std::string> LiveLines(const WindowBoard& board, const LiveStatus& status);

// "input 300 rows/s, processed 298 rows/s, watermark 2018-12-01 03:14:07, lag 12 records, 1 worker"
std::string ProgressText(const aggregator::v1::Progress& progress);

// A whole number with its thousands apart: "1,234,567".
std::string GroupedNumber(int64_t number);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_LIVE_TABLE_H_
