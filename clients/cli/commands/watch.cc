#include <cstdlib>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/progress_feed.h"
#include "clients/cli/result_feed.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/time_text.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

constexpr absl::Duration kRedraw = absl::Milliseconds(250);
constexpr absl::Duration kLogInterval = absl::Seconds(2);
constexpr absl::Duration kProgressInterval = absl::Seconds(1);

// Ids of the views in the pipeline's order; by name when the aggregator does not tell.
absl::StatusOr<std::vector<std::string>> ViewIds(Session& session) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::GetPipelineRequest request;
  request.set_name(session.PipelineName());
  aggregator::v1::GetPipelineResponse response;
  const absl::Status declared = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::GetPipeline, request, &response);
  std::vector<std::string> ids;
  if (declared.ok()) {
    for (const auto& view : response.pipeline().pipeline().views()) ids.push_back(view.id());
    return ids;
  }
  const absl::StatusOr<std::vector<query::v1::View>> views =
      ResultPages(&session).Views(session.PipelineName());
  if (!views.ok()) return views.status();
  for (const query::v1::View& view : *views) {
    ids.push_back(view.name().substr(view.name().rfind('/') + 1));
  }
  return ids.empty() ? declared : absl::StatusOr<std::vector<std::string>>(ids);
}

// The full name of the view to watch: the one wanted, or the first.
absl::StatusOr<std::string> ChooseView(Session& session, const std::string& wanted) {
  const absl::StatusOr<std::vector<std::string>> ids = ViewIds(session);
  if (!ids.ok()) return ids.status();
  if (wanted.empty() && !ids->empty()) return session.ViewName(ids->front());
  for (const std::string& id : *ids) {
    if (session.ViewName(id) == session.ViewName(wanted)) return session.ViewName(id);
  }
  return absl::NotFoundError(absl::StrCat(session.PipelineName(), " has no view \"", wanted,
                                          "\"; it has ", absl::StrJoin(*ids, ", ")));
}

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
    const char* no_color = std::getenv("NO_COLOR");
    screen.color = no_color == nullptr || *no_color == '\0';
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

absl::Status Run(Session& session, const std::string& wanted_view) {
  runtime::BlockTerminationSignals();
  const absl::StatusOr<std::string> view = ChooseView(session, wanted_view);
  if (!view.ok()) return view.status();
  const ProgressFeed progress(&session, session.PipelineName(), kProgressInterval);
  const ResultFeed results(&session, *view);
  if (OutputIsTerminal()) {
    TerminalFrames frames;
    while (!runtime::WaitForTermination(kRedraw)) {
      frames.Draw(results.board(), Status(*view, progress, results));
    }
    return absl::OkStatus();
  }
  std::vector<std::string> before;
  while (!runtime::WaitForTermination(kLogInterval)) {
    std::vector<std::string> lines = LiveLines(results.board(), Status(*view, progress, results));
    for (const std::string& line : lines) {
      // A log need not repeat what has not changed.
      if (!absl::c_linear_search(before, line)) PrintLine(line);
    }
    FlushOutput();
    before = std::move(lines);
  }
  return absl::OkStatus();
}

}  // namespace

void AddWatch(CommandLine* line) {
  line->Add(
      "watch",
      "Shows the newest windows as they change, and the rates; reconnects by itself. Without a "
      "terminal: some lines every two seconds. NO_COLOR is respected",
      [](Command& command) {
        const auto view = std::make_shared<std::string>();
        command.Argument("VIEW", view.get(), "View; the pipeline's first if empty", false);
        command.Examples("  windrow watch\n  windrow watch calls-by-disposition");
        return [view](Session& session) { return Run(session, *view); };
      });
}

}  // namespace windrow::cli
