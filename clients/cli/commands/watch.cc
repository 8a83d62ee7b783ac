#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands/choose_view.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/feed_range.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/progress_feed.h"
#include "clients/cli/result_feed.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(250);
constexpr absl::Duration kLogInterval = absl::Seconds(2);
constexpr absl::Duration kProgressInterval = absl::Seconds(1);

// Draws frame over frame on a terminal. Leaves the last one in place, below it the cursor.
class TerminalFrames {
 public:
  TerminalFrames() { Print("\x1b[?25l"); }
  ~TerminalFrames() {
    Print("\x1b[?25h");
    FlushOutput();
  }
  TerminalFrames(const TerminalFrames&) = delete;
  TerminalFrames& operator=(const TerminalFrames&) = delete;

  void Draw(const WindowBoard& board, const LiveStatus& status) {
    Screen screen;
    OutputSize(&screen.width, &screen.height);
    if (screen.height > 1) --screen.height;  // The cursor's own line.
    screen.color = OutputHasColor();
    std::string frame = lines_ > 0 ? absl::StrCat("\x1b[", lines_, "A\r") : "";
    const std::vector<std::string> lines = LiveTable(board, status, screen);
    // Each line is cleared as it is written, not all at once, so that nothing flickers.
    for (const std::string& line : lines) absl::StrAppend(&frame, line, "\x1b[K\n");
    absl::StrAppend(&frame, "\x1b[J");
    lines_ = lines.size();
    Print(frame);
    FlushOutput();
  }

 private:
  size_t lines_ = 0;
};

struct WatchOptions {
  std::string view;
  FeedRange range;
  std::string order_by;
};

LiveStatus Status(const std::string& view, const ProgressFeed& progress,
                  const ResultFeed& results) {
  LiveStatus status;
  status.view = view.substr(view.rfind('/') + 1);
  status.progress = progress.progress();
  for (const std::string& trouble : {progress.trouble(), results.trouble()}) {
    if (!trouble.empty()) status.troubles.push_back(trouble);
  }
  return status;
}

// A usage error when rows are to be ordered by what they do not have.
absl::Status CheckOrder(const WindowBoard& board, const std::string& order_by) {
  const std::vector<std::string>& names = board.value_names();
  if (order_by.empty() || names.empty() || absl::c_linear_search(names, order_by)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("--order-by \"", order_by, "\" is none of the view's values ",
                                 absl::StrJoin(names, ", ")));
}

absl::Status DrawUntilInterrupted(const std::string& view, const WatchOptions& options,
                                  const ProgressFeed& progress, const ResultFeed& results) {
  TerminalFrames frames;
  while (!runtime::WaitForTermination(kRedraw)) {
    const bool last = results.finished();
    const WindowBoard board = results.board();
    const absl::Status status = CheckOrder(board, options.order_by);
    if (!status.ok()) return status;
    frames.Draw(board, Status(view, progress, results));
    if (last) return absl::OkStatus();
  }
  return Interrupted("");
}

absl::Status LogUntilInterrupted(const std::string& view, const WatchOptions& options,
                                 const ProgressFeed& progress, const ResultFeed& results) {
  std::vector<std::string> before;
  absl::Time next = absl::Now() + kLogInterval;
  while (!runtime::WaitForTermination(kRedraw)) {
    const bool last = results.finished();
    if (!last && absl::Now() < next) continue;
    next = absl::Now() + kLogInterval;
    const WindowBoard board = results.board();
    const absl::Status status = CheckOrder(board, options.order_by);
    if (!status.ok()) return status;
    std::vector<std::string> lines = LiveLines(board, Status(view, progress, results));
    for (const std::string& line : lines) {
      // A log need not repeat what has not changed.
      if (!absl::c_linear_search(before, line)) PrintLine(line);
    }
    FlushOutput();
    before = std::move(lines);
    if (last) return absl::OkStatus();
  }
  return Interrupted("");
}

absl::Status Run(Session& session, const WatchOptions& options) {
  ResultFeedOptions feed;
  absl::Status status = options.range.Fill(&feed);
  if (!status.ok()) return status;
  runtime::BlockTerminationSignals();
  const absl::StatusOr<std::string> view = ChooseView(session, options.view);
  if (!view.ok()) return view.status();
  feed.view = *view;
  feed.order_by = options.order_by;
  const ProgressFeed progress(&session, session.PipelineName(), kProgressInterval);
  const ResultFeed results(&session, std::move(feed));
  return OutputIsTerminal() ? DrawUntilInterrupted(*view, options, progress, results)
                            : LogUntilInterrupted(*view, options, progress, results);
}

}  // namespace

void AddWatch(CommandLine* line) {
  line->Add(
      "watch",
      "Shows the newest windows as they change, and the rates; goes on by itself after a break, "
      "from where it was. Off a terminal: some lines every two seconds",
      [](Command& command) {
        const auto options = std::make_shared<WatchOptions>();
        command.Argument("VIEW", &options->view, "View; the pipeline's first if empty", false);
        options->range.Define(&command);
        command.Option("--order-by", &options->order_by,
                       "Value that rows of a window are ordered by, largest first; the number of "
                       "records if empty");
        command.Examples(
            "  windrow watch\n"
            "  windrow watch calls-by-type --filter 'original_crime_type_name = \"Traffic*\"'\n"
            "  windrow watch calls-by-disposition --order-by count --until 2019-01-01 --end-time "
            "2019-01-01");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
