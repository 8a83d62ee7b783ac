#include "services/query/sink/query_service.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "services/query/core/ordered_bytes.h"
#include "services/query/core/page_token.h"
#include "services/query/core/resume_token.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/query_error.h"
#include "services/query/sink/result_message.h"
#include "services/query/sink/result_page.h"
#include "services/query/sink/series_page.h"
#include "services/query/sink/subscription.h"
#include "services/query/sink/total_page.h"

namespace windrow::query {
namespace {

constexpr int64_t kMinTime = std::numeric_limits<int64_t>::min();

constexpr absl::Duration kMinHeartbeatInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxHeartbeatInterval = absl::Minutes(1);
constexpr absl::Duration kDefaultHeartbeatInterval = absl::Seconds(5);

constexpr char kWindowsSegment[] = "/windows/";

struct PageSizes {
  int when_unset;
  int most;
};
constexpr PageSizes kViewPages = {100, 1000};
constexpr PageSizes kWindowPages = {100, 1000};
constexpr PageSizes kResultPages = {500, 5000};
constexpr PageSizes kSeriesPages = {100, 1000};
constexpr PageSizes kTotalPages = {100, 1000};

// A call that ends as soon as it begins.
class RefusedCall : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

CallerWatch::IsWaiting CallerOf(grpc::ServerContext* context) {
  return [context] { return !context->IsCancelled(); };
}

grpc::Status CheckPageSize(int32_t asked, const PageSizes& sizes, int* page_size) {
  if (asked < 0) return WrongField("page_size", "must not be negative");
  *page_size = asked == 0 ? sizes.when_unset : std::min<int>(asked, sizes.most);
  return grpc::Status::OK;
}

// Of the last item of the page before; none for the first page.
grpc::Status CheckPageToken(const std::string& text, uint64_t request_hash,
                            std::optional<std::string>* last_item) {
  if (text.empty()) return grpc::Status::OK;
  std::optional<PageToken> token = DecodePageToken(text);
  if (!token.has_value() || token->request_hash != request_hash) return BadPageToken();
  *last_item = std::move(token->last_item);
  return grpc::Status::OK;
}

bool IsValid(const google::protobuf::Timestamp& time) {
  constexpr int64_t kYear1 = -62'135'596'800;
  constexpr int64_t kYear9999 = 253'402'300'799;
  return time.seconds() >= kYear1 && time.seconds() <= kYear9999 && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

template <typename Request>
grpc::Status CheckTimes(const Request& request, ListRange* range) {
  if (request.has_start_time()) {
    if (!IsValid(request.start_time())) return WrongField("start_time", "not a valid time");
    range->start_us = FromTimestamp(request.start_time());
  }
  if (request.has_end_time()) {
    if (!IsValid(request.end_time())) return WrongField("end_time", "not a valid time");
    range->end_us = FromTimestamp(request.end_time());
  }
  return grpc::Status::OK;
}

template <typename Request>
grpc::Status CheckRange(const Request& request, ListRange* range) {
  range->newest_first = request.newest_first();
  return CheckTimes(request, range);
}

uint64_t HashOfList(absl::string_view method, const std::string& parent, const ListRange& range) {
  std::string bytes;
  AppendText(&bytes, method);
  AppendText(&bytes, parent);
  AppendInt64(&bytes, range.start_us);
  AppendInt64(&bytes, range.end_us);
  AppendUint32(&bytes, range.newest_first ? 1 : 0);
  return StableHash(bytes);
}

grpc::Status CheckFilter(const std::string& text, RowFilter* filter) {
  absl::StatusOr<RowFilter> parsed = RowFilter::Parse(text);
  if (!parsed.ok()) return WrongField("filter", parsed.status().message());
  *filter = *std::move(parsed);
  return grpc::Status::OK;
}

grpc::Status CheckOrder(const std::string& text, RowOrder* order) {
  absl::StatusOr<RowOrder> parsed = RowOrder::Parse(text);
  if (!parsed.ok()) return WrongField("order_by", parsed.status().message());
  *order = *std::move(parsed);
  return grpc::Status::OK;
}

// An order of series: by what can be added up.
grpc::Status CheckAddable(const RowOrder& order, const ViewDefinition& view) {
  std::vector<std::string> addable;
  for (const AggregateDefinition& aggregate : view.aggregates) {
    if (aggregate.total_rule != TotalRule::kNone) addable.push_back(aggregate.name);
  }
  for (const std::string& name : order.names()) {
    if (std::count(addable.begin(), addable.end(), name) > 0) continue;
    return WrongField(
        "order_by", absl::StrCat("\"", name, "\" is no aggregate that can be added up; there are: ",
                                 absl::StrJoin(addable, ", ")));
  }
  return grpc::Status::OK;
}

uint64_t HashOfSelection(absl::string_view method, const std::string& parent,
                         const ListRange& range, const std::string& filter,
                         const std::string& order_by) {
  std::string bytes;
  AppendUint64(&bytes, HashOfList(method, parent, range));
  AppendText(&bytes, filter);
  AppendText(&bytes, order_by);
  return StableHash(bytes);
}

// Whether calls are answered from what a store holds. One that was found damaged is about to be
// rebuilt.
bool IsAnswered(const std::shared_ptr<const StoreView>& content) {
  return content != nullptr && content->complete() && !content->damaged();
}

bool HasNoTopic(const ResultStore& store) {
  const ReadingState reading = store.reading();
  return store.view() == nullptr && reading.known && !reading.topic_exists;
}

grpc::Status CheckHeartbeat(const v1::SubscribeRequest& request, absl::Duration* interval) {
  *interval = kDefaultHeartbeatInterval;
  if (!request.has_heartbeat_interval()) return grpc::Status::OK;
  const google::protobuf::Duration& asked = request.heartbeat_interval();
  *interval = absl::Seconds(asked.seconds()) + absl::Nanoseconds(asked.nanos());
  if (*interval < kMinHeartbeatInterval || *interval > kMaxHeartbeatInterval) {
    return WrongField("heartbeat_interval", "must be 100 ms to 1 minute");
  }
  return grpc::Status::OK;
}

grpc::Status CheckTime(absl::string_view field, bool given, const google::protobuf::Timestamp& time,
                       int64_t* time_us) {
  if (!given) return grpc::Status::OK;
  if (!IsValid(time)) return WrongField(field, "not a valid time");
  *time_us = FromTimestamp(time);
  return grpc::Status::OK;
}

grpc::Status CheckFeed(const v1::SubscribeRequest& request, FeedSelection* selection,
                       Subscription::Options* options) {
  grpc::Status status = CheckHeartbeat(request, &options->heartbeat_interval);
  if (status.ok()) {
    status = CheckTime("window_start_time", request.has_window_start_time(),
                       request.window_start_time(), &selection->start_us);
  }
  if (status.ok()) {
    status = CheckTime("window_end_time", request.has_window_end_time(), request.window_end_time(),
                       &selection->end_us);
  }
  if (status.ok() && selection->start_us >= selection->end_us) {
    status = WrongField("window_end_time", "must be after window_start_time");
  }
  int64_t end_us = 0;
  if (status.ok()) {
    status = CheckTime("end_time", request.has_end_time(), request.end_time(), &end_us);
  }
  if (!status.ok()) return status;
  if (request.has_end_time()) options->end_us = end_us;
  selection->filter_text = std::string(absl::StripAsciiWhitespace(request.filter()));
  absl::StatusOr<RowFilter> filter = RowFilter::Parse(selection->filter_text);
  if (!filter.ok()) return WrongField("filter", filter.status().message());
  selection->filter = *std::move(filter);
  return grpc::Status::OK;
}

// Whether rows were removed since, as the retention says, of which the token's reader had not been
// told all.
bool IsExpired(const ResumeToken& token, const StoreView& content) {
  const std::string first_kept = ClosingCursorAfter(content.horizon_us());
  for (int i = 0; i < content.partitions(); ++i) {
    const FeedPosition& position = token.positions[i];
    if (content.IsExpired(i, position.next_offset)) return true;
    // Rows that were not final yet when they were passed; "" is where a feed begins.
    const bool has_cursor = !position.closing_cursor.empty();
    if (token.kind == FeedKind::kFinalRows && has_cursor && position.closing_cursor < first_kept) {
      return true;
    }
  }
  return false;
}

grpc::Status FindToken(const std::string& text, const FeedSelection& selection,
                       const StoreView& content, ResumeToken* start) {
  ExpectedToken expected;
  expected.incarnation = content.incarnation();
  expected.parent = selection.parent;
  expected.kind = selection.final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
  expected.filter_hash = HashOf(selection);
  expected.partitions = content.partitions();
  const TokenFault fault = DecodeResumeToken(text, expected, start);
  if (fault != TokenFault::kNone) return BadResumeToken(fault);
  if (!Subscription::CheckKnown(*start, content).ok() || IsExpired(*start, content)) {
    return TokenExpired();
  }
  return grpc::Status::OK;
}

grpc::Status FindStart(const v1::SubscribeRequest& request, const FeedSelection& selection,
                       const StoreView& content, ResumeToken* start) {
  switch (request.start_case()) {
    case v1::SubscribeRequest::kResumeToken:
      return FindToken(request.resume_token(), selection, content, start);
    case v1::SubscribeRequest::kStartTime: {
      int64_t time_us = 0;
      const grpc::Status valid = CheckTime("start_time", true, request.start_time(), &time_us);
      if (!valid.ok()) return valid;
      absl::StatusOr<ResumeToken> found = Subscription::FromTime(selection, content, time_us);
      if (absl::IsOutOfRange(found.status())) return StartExpired();
      if (!found.ok()) return ReadError(found.status());
      *start = *std::move(found);
      return grpc::Status::OK;
    }
    case v1::SubscribeRequest::kFromBeginning:
      if (request.from_beginning()) {
        *start = Subscription::FromBeginning(selection, content);
        return grpc::Status::OK;
      }
      break;
    case v1::SubscribeRequest::START_NOT_SET:
      break;
  }
  *start = Subscription::FromNow(selection, content);
  return grpc::Status::OK;
}

}  // namespace

QueryService::QueryService(Options options) : options_(options), scheduler_(options.feed_threads) {}

QueryService::~QueryService() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [pipeline, store] : stores_) store->SetListener(nullptr);
}

void QueryService::Serve(std::shared_ptr<ResultStore> store) {
  store->SetListener([this] { scheduler_.WakeAll(); });
  {
    absl::MutexLock lock(&mutex_);
    stores_[store->pipeline()].swap(store);
  }
  if (store == nullptr) return;
  store->Discard();
  store->SetListener(nullptr);
}

void QueryService::Withdraw(const std::string& pipeline) {
  std::shared_ptr<ResultStore> store;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = stores_.find(pipeline);
    if (found == stores_.end()) return;
    store = std::move(found->second);
    stores_.erase(found);
  }
  store->Discard();
  store->SetListener(nullptr);
}

QueryService::StorePtr QueryService::FindStore(const std::string& pipeline) const {
  absl::MutexLock lock(&mutex_);
  const auto found = stores_.find(pipeline);
  return found == stores_.end() ? nullptr : found->second;
}

void QueryService::SetAllServed(bool all_served, absl::Status trouble) {
  all_served_ = all_served;
  absl::MutexLock lock(&mutex_);
  trouble_ = std::move(trouble);
}

void QueryService::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  for (SubscribeCall* const call : calls_) call->Drain();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* QueryService::Subscribe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  v1::SubscribeRequest parsed;
  grpc::ByteBuffer bytes = *request;
  grpc::Status status =
      grpc::SerializationTraits<v1::SubscribeRequest>::Deserialize(&bytes, &parsed);
  if (!status.ok()) return new RefusedCall(status);
  std::unique_ptr<Subscription> subscription;
  StorePtr store;
  status = PrepareSubscription(parsed, &subscription, &store);
  if (!status.ok()) return new RefusedCall(status);
  return StartCall(context, *std::move(subscription), std::move(store));
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* QueryService::StartCall(
    grpc::CallbackServerContext* context, Subscription subscription, StorePtr store) {
  SubscribeCall::Options options;
  options.patience = options_.subscriber_patience;
  options.on_done = [this](SubscribeCall* done) {
    absl::MutexLock lock(&mutex_);
    calls_.erase(done);
  };
  absl::MutexLock lock(&mutex_);
  if (draining_) return new RefusedCall(Draining());
  if (calls_.size() >= static_cast<size_t>(options_.max_subscribers)) {
    return new RefusedCall(TooManySubscribers(options_.max_subscribers));
  }
  SubscribeCall* const call = SubscribeCall::Start(context, std::move(subscription),
                                                   std::move(store), &scheduler_, options);
  calls_.insert(call);
  return call;
}

grpc::Status QueryService::Content(const ResultStore& store,
                                   std::shared_ptr<const StoreView>* content) {
  *content = store.view();
  if (IsAnswered(*content)) return grpc::Status::OK;
  return CatchingUp(store.pipeline(), store.reading());
}

grpc::Status QueryService::FindPipelines(const std::string& parent,
                                         std::vector<StorePtr>* stores) const {
  if (parent.empty()) {
    absl::MutexLock lock(&mutex_);
    for (const auto& [pipeline, store] : stores_) stores->push_back(store);
    return grpc::Status::OK;
  }
  const std::optional<std::string> pipeline = ParsePipelineName(parent);
  if (!pipeline.has_value()) return WrongField("parent", "must be of the form pipelines/{id}");
  StorePtr store = FindStore(*pipeline);
  if (store == nullptr) return all_served_ ? PipelineNotFound(*pipeline) : NotKnownYet(*pipeline);
  stores->push_back(std::move(store));
  return grpc::Status::OK;
}

grpc::Status QueryService::FindView(const std::string& parent, ServedView* served) const {
  std::optional<ViewName> name = ParseViewName(parent);
  if (!name.has_value()) {
    return WrongField("parent", "must be of the form pipelines/{id}/views/{id}");
  }
  StorePtr store = FindStore(name->pipeline);
  if (store == nullptr) return all_served_ ? ViewNotFound(parent) : NotKnownYet(name->pipeline);
  const grpc::Status ready = Content(*store, &served->content);
  if (!ready.ok()) return ready;
  if (served->content->views().count(name->view) == 0) return ViewNotFound(parent);
  served->name = *std::move(name);
  served->store = std::move(store);
  return grpc::Status::OK;
}

grpc::Status QueryService::ListViews(grpc::ServerContext* /*context*/,
                                     const v1::ListViewsRequest* request,
                                     v1::ListViewsResponse* response) {
  int page_size = 0;
  std::vector<StorePtr> stores;
  std::optional<std::string> last_name;
  const uint64_t hash = HashOfList("ListViews", request->parent(), ListRange());
  grpc::Status status = CheckPageSize(request->page_size(), kViewPages, &page_size);
  if (status.ok()) status = FindPipelines(request->parent(), &stores);
  if (status.ok()) status = CheckPageToken(request->page_token(), hash, &last_name);
  if (!status.ok()) return status;

  std::map<std::string, v1::View> views;
  for (const StorePtr& store : stores) {
    std::shared_ptr<const StoreView> content;
    status = Content(*store, &content);
    // A pipeline that has no results yet has no views; the others have.
    if (!status.ok() && request->parent().empty() && HasNoTopic(*store)) continue;
    if (!status.ok()) return status;
    const std::optional<int64_t> closed = content->results().closed_through_us();
    for (const auto& [id, summary] : content->views()) {
      v1::View view;
      view.set_name(ViewResourceName(store->pipeline(), id));
      if (closed.has_value()) *view.mutable_closed_through_time() = ToTimestamp(*closed);
      views[view.name()] = std::move(view);
    }
  }
  auto it = last_name.has_value() ? views.upper_bound(*last_name) : views.begin();
  for (; it != views.end() && response->views_size() < page_size; ++it) {
    *response->add_views() = std::move(it->second);
  }
  if (it != views.end()) {
    const std::string& last = response->views(response->views_size() - 1).name();
    response->set_next_page_token(EncodePageToken(PageToken{hash, last}));
  }
  return grpc::Status::OK;
}

grpc::Status QueryService::ListWindows(grpc::ServerContext* /*context*/,
                                       const v1::ListWindowsRequest* request,
                                       v1::ListWindowsResponse* response) {
  int page_size = 0;
  ListRange range;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request->page_size(), kWindowPages, &page_size);
  if (status.ok()) status = CheckRange(*request, &range);
  if (status.ok()) status = FindView(request->parent(), &served);
  const uint64_t hash = HashOfList("ListWindows", request->parent(), range);
  if (status.ok()) status = CheckPageToken(request->page_token(), hash, &last_item);
  if (!status.ok()) return status;

  RowKey last;
  if (last_item.has_value() && DecodeRowKey(*last_item, &last)) {
    if (range.newest_first) {
      range.end_us = std::min(range.end_us, last.window_start_us);
    } else {
      range.start_us = std::max(range.start_us, last.window_start_us + 1);
    }
  }
  int64_t last_start_us = 0;
  bool more = false;
  const absl::Status scanned = served.content->ScanWindows(
      served.name.view, range.start_us, range.end_us, range.newest_first,
      [&](const StoredWindow& window) {
        // Not a window: the late records of all windows too old to be told apart.
        if (window.window_start_us == kMinTime) return true;
        more = response->windows_size() >= page_size;
        if (more) return false;
        *response->add_windows() = ToWindow(window, request->parent(), served.content->results());
        last_start_us = window.window_start_us;
        return true;
      });
  if (!scanned.ok()) return ReadError(scanned);
  if (more) {
    response->set_next_page_token(
        EncodePageToken(PageToken{hash, EncodeRowKey(last_start_us, "")}));
  }
  return grpc::Status::OK;
}

grpc::Status QueryService::GetWindow(grpc::ServerContext* /*context*/,
                                     const v1::GetWindowRequest* request,
                                     v1::GetWindowResponse* response) {
  const size_t split = request->name().rfind(kWindowsSegment);
  absl::Time start;
  std::string error;
  if (split == std::string::npos ||
      !absl::ParseTime(absl::RFC3339_full,
                       request->name().substr(split + absl::string_view(kWindowsSegment).size()),
                       &start, &error)) {
    return WrongField("name",
                      "must be of the form pipelines/{id}/views/{id}/windows/{start}, the "
                      "start as in 2018-12-31T23:50:00Z");
  }
  const std::string parent = request->name().substr(0, split);
  ServedView served;
  const grpc::Status status = FindView(parent, &served);
  if (!status.ok()) return status;
  const int64_t start_us = absl::ToUnixMicros(start);
  bool found = false;
  const absl::Status scanned = served.content->ScanWindows(
      served.name.view, start_us, start_us + 1, /*newest_first=*/false,
      [&](const StoredWindow& window) {
        found = true;
        *response->mutable_window() = ToWindow(window, parent, served.content->results());
        return false;
      });
  if (!scanned.ok()) return ReadError(scanned);
  return found ? grpc::Status::OK : WindowNotFound(request->name());
}

grpc::Status QueryService::ListResults(grpc::ServerContext* context,
                                       const v1::ListResultsRequest* request,
                                       v1::ListResultsResponse* response) {
  ResultPage::Request wanted;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request->page_size(), kResultPages, &wanted.page_size);
  if (status.ok()) status = CheckRange(*request, &wanted.range);
  if (status.ok()) status = CheckFilter(request->filter(), &wanted.filter);
  if (status.ok()) status = CheckOrder(request->order_by(), &wanted.order);
  if (status.ok()) status = FindView(request->parent(), &served);
  const uint64_t hash = HashOfSelection("ListResults", request->parent(), wanted.range,
                                        request->filter(), request->order_by());
  if (status.ok()) status = CheckPageToken(request->page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = CallerOf(context);
  ResultPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsInvalidArgument(filled)) return WrongField(page.wrong_field(), filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  if (!last_item.has_value()) {
    FeedSelection selection;
    selection.parent = request->parent();
    ResumeToken token = Subscription::FromNow(selection, *served.content);
    token.kind = FeedKind::kAny;
    response->set_resume_token(EncodeResumeToken(token));
  }
  return grpc::Status::OK;
}

grpc::Status QueryService::FindDefinition(const ServedView& served, ViewDefinition* view) {
  const std::shared_ptr<const PipelineDefinition> definition = served.store->definition();
  if (definition == nullptr) return DefinitionUnknown(served.name.pipeline);
  const auto found = definition->views.find(served.name.view);
  if (found == definition->views.end()) return DefinitionUnknown(served.name.pipeline);
  *view = found->second;
  return grpc::Status::OK;
}

grpc::Status QueryService::ListSeries(grpc::ServerContext* context,
                                      const v1::ListSeriesRequest* request,
                                      v1::ListSeriesResponse* response) {
  SeriesPage::Request wanted;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request->page_size(), kSeriesPages, &wanted.page_size);
  if (status.ok()) status = CheckTimes(*request, &wanted.range);
  if (status.ok()) status = CheckFilter(request->filter(), &wanted.filter);
  if (status.ok()) status = CheckOrder(request->order_by(), &wanted.order);
  if (status.ok()) status = FindView(request->parent(), &served);
  if (status.ok()) status = FindDefinition(served, &wanted.definition);
  if (status.ok()) status = CheckAddable(wanted.order, wanted.definition);
  const uint64_t hash = HashOfSelection("ListSeries", request->parent(), wanted.range,
                                        request->filter(), request->order_by());
  if (status.ok()) status = CheckPageToken(request->page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = CallerOf(context);
  SeriesPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsOutOfRange(filled)) return RangeTooLarge(filled.message());
  if (absl::IsInvalidArgument(filled)) return WrongField("filter", filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  return grpc::Status::OK;
}

grpc::Status QueryService::ListTotals(grpc::ServerContext* context,
                                      const v1::ListTotalsRequest* request,
                                      v1::ListTotalsResponse* response) {
  TotalPage::Request wanted;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request->page_size(), kTotalPages, &wanted.page_size);
  if (status.ok()) status = CheckRange(*request, &wanted.range);
  if (status.ok()) status = CheckFilter(request->filter(), &wanted.filter);
  if (status.ok()) status = FindView(request->parent(), &served);
  if (status.ok()) status = FindDefinition(served, &wanted.definition);
  const uint64_t hash =
      HashOfSelection("ListTotals", request->parent(), wanted.range, request->filter(), "");
  if (status.ok()) status = CheckPageToken(request->page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = CallerOf(context);
  TotalPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsInvalidArgument(filled)) return WrongField("filter", filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  return grpc::Status::OK;
}

grpc::Status QueryService::GetStatus(grpc::ServerContext* /*context*/,
                                     const v1::GetStatusRequest* /*request*/,
                                     v1::GetStatusResponse* response) {
  FillStatus(response);
  return grpc::Status::OK;
}

void QueryService::FillStatus(v1::GetStatusResponse* response) const {
  bool caught_up = all_served_;
  std::vector<StorePtr> stores;
  FindPipelines("", &stores);
  for (const StorePtr& store : stores) {
    const ReadingState reading = store->reading();
    caught_up = caught_up && (reading.caught_up || HasNoTopic(*store));
    v1::PipelineStatus* const status = response->add_pipelines();
    status->set_pipeline(PipelineResourceName(store->pipeline()));
    status->set_lag_records(reading.lag_records);
    const std::shared_ptr<const StoreView> content = store->view();
    if (content == nullptr) continue;
    const ResultView& results = content->results();
    if (results.closed_through_us().has_value()) {
      *status->mutable_closed_through_time() = ToTimestamp(*results.closed_through_us());
    }
    status->set_drain_generation(results.drain_generation());
    status->set_records_read(static_cast<int64_t>(results.records_read()));
    status->set_dead_lettered(static_cast<int64_t>(results.dead_lettered()));
    for (const auto& [view, late] : results.late_everywhere()) {
      (*status->mutable_late_everywhere())[view] = static_cast<int64_t>(late);
    }
    int64_t rows = 0;
    for (const auto& [view, summary] : content->views()) {
      rows += summary.rows;
      (*status->mutable_late())[view] = static_cast<int64_t>(summary.late);
    }
    status->set_rows(rows);
  }
  response->set_caught_up(caught_up);
  SetState(stores, response);
  absl::MutexLock lock(&mutex_);
  response->set_subscribers(static_cast<int32_t>(calls_.size()));
}

void QueryService::SetState(const std::vector<StorePtr>& stores,
                            v1::GetStatusResponse* response) const {
  absl::Status trouble;
  {
    absl::MutexLock lock(&mutex_);
    trouble = trouble_;
  }
  std::string behind;
  for (const StorePtr& store : stores) {
    trouble.Update(store->trouble());
    if (IsAnswered(store->view()) || HasNoTopic(*store)) continue;
    const ReadingState reading = store->reading();
    absl::StrAppend(&behind, behind.empty() ? "" : "; ", store->pipeline(), ": ",
                    reading.applied_records, " of ", reading.total_records, " records");
  }
  response->set_detail(trouble.ok() ? behind : std::string(trouble.message()));
  if (absl::IsResourceExhausted(trouble)) {
    response->set_state(v1::GetStatusResponse::STATE_DISK_FULL);
  } else if (!behind.empty() || !all_served_) {
    response->set_state(v1::GetStatusResponse::STATE_CATCHING_UP);
    if (response->detail().empty()) response->set_detail("not all pipelines are known yet");
  } else {
    response->set_state(v1::GetStatusResponse::STATE_SERVING);
  }
}

grpc::Status QueryService::PrepareSubscription(const v1::SubscribeRequest& request,
                                               std::unique_ptr<Subscription>* subscription,
                                               StorePtr* store) {
  FeedSelection selection;
  selection.parent = request.parent();
  selection.final_only = request.final_only();
  Subscription::Options options;
  ServedView served;
  ResumeToken start;
  grpc::Status status = CheckFeed(request, &selection, &options);
  if (status.ok()) status = FindView(request.parent(), &served);
  if (!status.ok()) return status;
  selection.view = served.name.view;
  status = FindStart(request, selection, *served.content, &start);
  if (!status.ok()) return status;
  std::shared_ptr<FeedReader> reader = feed_readers_.Get(served.store.get(), std::move(selection));
  const absl::Status checked = reader->CheckFilter(*served.content);
  if (!checked.ok()) return FeedError(checked);
  *store = std::move(served.store);
  *subscription = std::make_unique<Subscription>(options, std::move(reader), std::move(start),
                                                 served.content->epoch());
  return grpc::Status::OK;
}

}  // namespace windrow::query
