#include "services/query/feed_check/feed_chain.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace windrow::query {
namespace {

constexpr size_t kMaxViolations = 20;
constexpr absl::Duration kConfirmedAfter = absl::Seconds(10);

int64_t Micros(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

RowId IdOf(const v1::Result& row) {
  return {Micros(row.window_start_time()), GroupText(row.group())};
}

std::string NameOf(const RowId& id) { return absl::StrCat(id.first, " ", id.second); }

}  // namespace

std::string ChainSpec::Name() const {
  return absl::StrCat(view, field.empty() ? "" : absl::StrCat(" ", field, "=", prefix, "*"),
                      final_only ? " final" : "", list_first ? " listed" : "",
                      window_end_us < std::numeric_limits<int64_t>::max() ? " ranged" : "");
}

FeedChain::FeedChain(ChainSpec spec, std::vector<std::shared_ptr<Stub>> replicas, unsigned seed)
    : spec_(std::move(spec)), replicas_(std::move(replicas)), random_(seed) {
  next_replica_ = seed;
}

std::string FeedChain::Parent() const {
  return absl::StrCat("pipelines/", spec_.pipeline, "/views/", spec_.view);
}

std::string FeedChain::Filter() const {
  return spec_.field.empty() ? "" : absl::StrCat(spec_.field, " = \"", spec_.prefix, "*\"");
}

v1::SubscribeRequest FeedChain::Request() const {
  v1::SubscribeRequest request;
  request.set_parent(Parent());
  request.set_final_only(spec_.final_only);
  request.set_filter(Filter());
  if (spec_.window_end_us < std::numeric_limits<int64_t>::max()) {
    request.mutable_window_end_time()->set_seconds(spec_.window_end_us / 1'000'000);
  }
  request.mutable_heartbeat_interval()->set_nanos(100'000'000);
  token_.empty() ? request.set_from_beginning(true) : request.set_resume_token(token_);
  return request;
}

bool FeedChain::ReadOnce(absl::Duration patience, int messages) {
  Stub* const stub = replicas_[next_replica_++ % replicas_.size()].get();
  if (spec_.list_first && token_.empty() && !List(stub)) return false;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kConfirmedAfter + patience));
  const auto stream = stub->Subscribe(&context, Request());
  v1::SubscribeResponse message;
  if (!stream->Read(&message)) {
    const grpc::Status status = stream->Finish();
    last_refusal_ = absl::StrCat(status.error_code(), ": ", status.error_message());
    CheckStatus(status);
    return false;
  }
  if (!message.has_confirmation()) Violate("the first message is no confirmation");
  // Not between two messages, but at any moment.
  absl::Notification ended;
  std::thread cut_off([&] {
    if (!ended.WaitForNotificationWithTimeout(patience)) context.TryCancel();
  });
  for (int i = 0; i < messages && stream->Read(&message); ++i) {
    // A reader may be gone before it has kept what it was sent.
    if (i == messages - 1 && random_() % 2 == 0) break;
    Take(message);
  }
  context.TryCancel();
  CheckStatus(stream->Finish());
  ended.Notify();
  cut_off.join();
  return true;
}

bool FeedChain::List(Stub* stub) {
  v1::ListResultsRequest request;
  request.set_parent(Parent());
  request.set_filter(Filter());
  request.set_page_size(1000);
  v1::ListResultsResponse response;
  std::string token;
  std::map<RowId, Seen> seen;
  std::set<RowId> repeatable;
  do {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    request.set_page_token(response.next_page_token());
    response.Clear();
    const grpc::Status status = stub->ListResults(&context, request, &response);
    if (!status.ok()) {
      CheckStatus(status);
      return false;
    }
    const bool first = token.empty();
    if (first) token = response.resume_token();
    for (const v1::Result& row : response.results()) {
      const RowId id = IdOf(row);
      if (!first) repeatable.insert(id);
      // A feed of final rows goes on from what was final; the rest comes when it is.
      if (spec_.final_only && !row.final()) continue;
      seen[id] = {row.version().offset(), false, row.final()};
    }
  } while (!response.next_page_token().empty());
  token_ = std::move(token);
  seen_ = std::move(seen);
  repeatable_ = std::move(repeatable);
  return true;
}

void FeedChain::CheckStatus(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNAVAILABLE:
    // Before the first row of all.
    case grpc::StatusCode::NOT_FOUND:
      return;
    default:
      Violate(
          absl::StrCat("the feed ended with ", status.error_code(), ": ", status.error_message()));
  }
}

void FeedChain::Take(const v1::SubscribeResponse& message) {
  ++messages_;
  token_ = message.resume_token();
  for (const v1::Result& row : message.changes().results()) TakeRow(row, false);
  for (const v1::Result& row : message.changes().retracted()) TakeRow(row, true);
  if (!message.has_closed_through_time()) return;
  // Replicas are not equally far.
  closed_through_us_ = std::max(closed_through_us_, Micros(message.closed_through_time()));
}

void FeedChain::TakeRow(const v1::Result& row, bool deleted) {
  ++rows_;
  const RowId id = IdOf(row);
  if (!spec_.Wants(id)) Violate(absl::StrCat(NameOf(id), " was not asked for"));
  if (spec_.final_only && !deleted && !row.final()) Violate(absl::StrCat(NameOf(id), " not final"));
  Seen& seen = seen_[id];
  const int64_t offset = row.version().offset();
  const bool repeated = offset == seen.offset && repeatable_.erase(id) > 0;
  if (offset <= seen.offset && !repeated) {
    Violate(absl::StrCat(NameOf(id), " came at ", offset, " after ", seen.offset));
  }
  repeatable_.erase(id);
  seen = {offset, deleted, row.final()};
}

void FeedChain::Violate(std::string words) {
  if (violations_.size() < kMaxViolations) {
    violations_.push_back(absl::StrCat(spec_.Name(), ": ", words));
  }
}

std::vector<std::string> FeedChain::Differences(const std::map<RowId, RowState>& newest) const {
  std::vector<std::string> differences;
  const auto differ = [&](const RowId& id, absl::string_view words) {
    differences.push_back(absl::StrCat(spec_.Name(), ": ", NameOf(id), " ", words));
  };
  size_t wanted = 0;
  for (const auto& [id, state] : newest) {
    if (!spec_.Wants(id)) continue;
    const auto seen = seen_.find(id);
    if (seen == seen_.end()) {
      // A row that is gone need never have been seen.
      if (!state.deleted) differ(id, "was not seen");
      continue;
    }
    ++wanted;
    if (seen->second.offset != state.offset || seen->second.deleted != state.deleted) {
      differ(id, absl::StrCat("was last seen at ", seen->second.offset, ", not ", state.offset));
    } else if (!state.deleted && !seen->second.final && closed_through_us_ < state.window_end_us) {
      differ(id, "was never final");
    }
  }
  if (wanted != seen_.size()) {
    differences.push_back(
        absl::StrCat(spec_.Name(), ": ", seen_.size() - wanted, " rows are not in the topic"));
  }
  return differences;
}

}  // namespace windrow::query
