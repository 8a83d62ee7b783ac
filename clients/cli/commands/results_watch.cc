#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "clients/cli/commands/choose_view.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/feed_range.h"
#include "clients/cli/feed.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/result_line.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/time_text.h"
#include "services/platform/runtime/termination.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::QueryService;
using ::windrow::query::v1::Result;
using ::windrow::query::v1::SubscribeRequest;
using ::windrow::query::v1::SubscribeResponse;

constexpr char kEndReached[] = "END_REACHED";
constexpr absl::Duration kHeartbeat = absl::Seconds(2);
constexpr absl::Duration kLook = absl::Milliseconds(100);

struct WatchOptions {
  std::string view;
  FeedRange range;
  bool from_beginning = false;
  std::string since;
  std::string resume_token;
  bool final_only = false;
  int64_t count = 0;
  std::string format = "table";
};

// Whether trying again can help: a view that is declared may have no rows yet.
bool IsPassing(const absl::Status& status) {
  return status.ok() || absl::IsNotFound(status) || absl::IsUnavailable(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status) ||
         absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsCancelled(status);
}

// Follows a view and prints its rows on the feed's thread: what cannot be printed is not read.
class RowPrinter {
 public:
  RowPrinter(const Session* session, const WatchOptions& options, SubscribeRequest request)
      : session_(*session),
        options_(options),
        request_(std::move(request)),
        stub_(QueryService::NewStub(session->Channel(Service::kQuery))),
        listing_(options.format),
        feed_([this](grpc::ClientContext* context) { return Attempt(context); }) {}

  bool finished() const { return feed_.finished(); }
  std::string trouble() const { return feed_.trouble(); }

  // After the end; says how to go on from here.
  absl::Status Stop() {
    feed_.Stop();
    if (listing_.size() == 0) listing_.Finish();
    if (!request_.resume_token().empty()) {
      Note(absl::StrCat("to go on from here: --resume-token ", request_.resume_token()));
    }
    return failure_;
  }

 private:
  absl::Status Attempt(grpc::ClientContext* context) {
    absl::Status status = ReadStream(context);
    if (!feed_.finished() && !IsPassing(status)) {
      failure_ = status;
      feed_.Finish();
    }
    return status;
  }

  absl::Status ReadStream(grpc::ClientContext* context) {
    const auto stream = stub_->Subscribe(context, request_);
    SubscribeResponse response;
    while (stream->Read(&response)) {
      feed_.ReportAlive();
      for (const Result& row : response.changes().results()) PrintRow(row, false);
      for (const Result& row : response.changes().retracted()) PrintRow(row, true);
      FlushOutput();
      if (!response.resume_token().empty()) request_.set_resume_token(response.resume_token());
      const bool enough = options_.count > 0 && rows_ >= options_.count;
      if (enough || response.close().reason() == kEndReached) {
        feed_.Finish();
        context->TryCancel();
        stream->Finish();
        return absl::OkStatus();
      }
    }
    return session_.Explain(Service::kQuery, stream->Finish());
  }

  void PrintRow(const Result& row, bool retracted) {
    if (options_.format == "table") {
      PrintLine(ChangeText(row, retracted));
    } else if (options_.format == "csv" && retracted && listing_.size() == 0) {
      // It has no values, so it cannot tell the columns; and no reader has seen it.
      return;
    } else {
      listing_.AddJson(ChangeLine(row, retracted), [] { return std::vector<std::string>(); });
    }
    ++rows_;
  }

  const Session& session_;
  const WatchOptions& options_;
  // Of the feed's thread until Stop.
  SubscribeRequest request_;
  const std::unique_ptr<QueryService::Stub> stub_;
  Listing listing_;
  int64_t rows_ = 0;
  absl::Status failure_;
  Feed feed_;  // Last: its thread uses all of the above.
};

absl::StatusOr<SubscribeRequest> MakeRequest(const Session& session, const WatchOptions& options) {
  ResultFeedOptions range;
  absl::Status status = options.range.Fill(&range);
  if (!status.ok()) return status;
  if (options.count < 0) return UsageError("--count must not be negative");
  if (options.from_beginning + !options.since.empty() + !options.resume_token.empty() > 1) {
    return UsageError("give one of --from-beginning, --since and --resume-token");
  }
  SubscribeRequest request;
  request.set_parent(session.ViewName(options.view));
  request.set_filter(range.filter);
  request.set_final_only(options.final_only);
  *request.mutable_heartbeat_interval() = ToProtoDuration(kHeartbeat);
  if (range.from.has_value()) *request.mutable_window_start_time() = ToTimestamp(*range.from);
  if (range.until.has_value()) *request.mutable_window_end_time() = ToTimestamp(*range.until);
  if (range.end_time.has_value()) *request.mutable_end_time() = ToTimestamp(*range.end_time);
  if (options.from_beginning) request.set_from_beginning(true);
  if (!options.resume_token.empty()) request.set_resume_token(options.resume_token);
  if (!options.since.empty()) {
    const absl::StatusOr<absl::Time> since = ParseTimeText(options.since);
    if (!since.ok()) return since.status();
    *request.mutable_start_time() = ToTimestamp(*since);
  }
  return request;
}

absl::Status Run(Session& session, const WatchOptions& options) {
  absl::StatusOr<SubscribeRequest> request = MakeRequest(session, options);
  if (!request.ok()) return request.status();
  runtime::BlockTerminationSignals();
  // Who cannot be reached at all is not waited for, who restarts or catches up is.
  const absl::Status reached = ResultPages(&session).Status().status();
  if (!reached.ok()) return reached;
  const absl::StatusOr<std::string> view = ChooseView(session, options.view);
  if (!view.ok()) return view.status();
  RowPrinter rows(&session, options, *std::move(request));
  std::string last_trouble;
  while (!runtime::WaitForTermination(kLook)) {
    if (rows.finished()) return rows.Stop();
    const std::string trouble = rows.trouble();
    if (trouble != last_trouble && !trouble.empty() && !rows.finished()) Note(Printable(trouble));
    last_trouble = trouble;
  }
  const absl::Status status = rows.Stop();
  return status.ok() ? Interrupted("") : status;
}

}  // namespace

void AddResultsWatch(CommandLine* line) {
  line->Add(
      "results watch",
      "Prints the rows of a view as they change, each version once; goes on by itself after a "
      "break. The last line on standard error names the token to go on with",
      [](Command& command) {
        const auto options = std::make_shared<WatchOptions>();
        command.Argument("VIEW", &options->view, "View, such as calls-by-type");
        options->range.Define(&command);
        command.Flag("--from-beginning", &options->from_beginning, "All rows there are, first");
        command.Option("--since", &options->since, "First the rows that changed since then (UTC)");
        command.Option("--resume-token", &options->resume_token,
                       "Go on where another one ended, with the same filter");
        command.Flag("--final-only", &options->final_only,
                     "Rows once they are final, and their corrections");
        command.Option("--count", &options->count, "Stop after so many rows; 0 goes on");
        command.Output(&options->format);
        command.Examples(
            "  windrow results watch calls-by-type\n"
            "  windrow results watch calls-by-type --from-beginning --final-only -o json\n"
            "  windrow results watch calls-by-type --filter 'original_crime_type_name = "
            "\"Traffic*\"' -o csv > rows.csv");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
