#include "services/query/query_app.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "services/platform/runtime/log.h"
#include "services/query/core/view_name.h"
#include "services/query/query_metrics.h"

namespace windrow::query {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kDrainGrace = absl::Seconds(5);
constexpr char kAll[] = "all";
constexpr absl::string_view kNumberMark = ".v";

absl::Status Validate(const QueryApp::Options& options) {
  if (options.store_dir.empty())
    return absl::InvalidArgumentError("--store_dir: must not be empty");
  if (options.max_subscribers < 1) {
    return absl::InvalidArgumentError("--max_subscribers: must be at least 1");
  }
  if (options.subscriber_patience < absl::Seconds(1)) {
    return absl::InvalidArgumentError("--subscriber_patience: must be at least 1s");
  }
  if (options.retention <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--retention: must be more than 0, as in 720h");
  }
  if (options.log_format != "json" && options.log_format != "text") {
    return absl::InvalidArgumentError("--log_format: must be json or text");
  }
  std::set<std::string> seen;
  for (const std::string& pipeline : options.pipelines) {
    if (!IsResourceId(pipeline)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--pipeline: '", pipeline, "' is not an id (a-z, 0-9, - only)"));
    }
    if (!seen.insert(pipeline).second) {
      return absl::InvalidArgumentError(absl::StrCat("--pipeline: ", pipeline, " is given twice"));
    }
  }
  if (seen.count(kAll) > 0 && seen.size() > 1) {
    return absl::InvalidArgumentError("--pipeline: all stands alone");
  }
  return absl::OkStatus();
}

std::string DirectoryName(const std::string& id, int incarnation) {
  return incarnation == 1 ? id : absl::StrCat(id, kNumberMark, incarnation);
}

// Id and incarnation by the name of a directory.
std::pair<std::string, int> ParseDirectoryName(const std::string& name) {
  const size_t mark = name.rfind(std::string(kNumberMark));
  int number = 0;
  if (mark != std::string::npos &&
      absl::SimpleAtoi(name.substr(mark + kNumberMark.size()), &number) && number > 1) {
    return {name.substr(0, mark), number};
  }
  return {name, 1};
}

std::vector<std::pair<std::string, int>> ListDirectories(const std::string& store_dir) {
  std::vector<std::pair<std::string, int>> found;
  std::error_code error;
  for (fs::directory_iterator it(store_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && IsResourceId(name)) found.push_back(ParseDirectoryName(name));
  }
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<QueryApp>> QueryApp::Create(Options options) {
  const absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  if (options.pipelines == std::vector<std::string>{kAll}) options.pipelines.clear();
  runtime::InitLog("query", options.log_format, runtime::LogLevel::kInfo);
  std::unique_ptr<QueryApp> app(new QueryApp(std::move(options)));
  const absl::Status started = app->Start();
  if (!started.ok()) return started;
  return app;
}

absl::Status QueryApp::Start() {
  std::error_code error;
  fs::create_directories(options_.store_dir, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat("cannot create the store directory ",
                                                      options_.store_dir, ": ", error.message()));
  }
  QueryService::Options service_options;
  service_options.max_subscribers = options_.max_subscribers;
  service_options.subscriber_patience = options_.subscriber_patience;
  service_ = std::make_unique<QueryService>(service_options);
  service_->SetAllServed(false);
  auto metrics = metrics::MetricsServer::Start(options_.metrics_address, "query");
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  metrics_->SetSource([this](metrics::MetricFamilies* out) { WriteMetrics(*service_, out); });
  auto server = rpc::RpcServer::Start(options_.listen, {service_.get()}, options_.rpc,
                                      metrics_->call_observer());
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  const absl::Status opened = Follow(OnDisk());
  // A full disk may have room again, and then Tend gets on.
  if (!opened.ok() && !absl::IsResourceExhausted(opened)) return opened;
  control_ =
      std::make_unique<ControlReader>(options_.kafka, [this](const ServedPipelines* pipelines) {
        absl::MutexLock lock(&mutex_);
        no_log_ = pipelines == nullptr;
        if (pipelines == nullptr) return;
        told_ = Told{pipelines->served(), pipelines->deleted(), pipelines->definitions()};
      });
  Tend();
  runtime::LogInfo("query started", {{"port", port()}, {"store_dir", options_.store_dir}});
  return absl::OkStatus();
}

QueryApp::~QueryApp() {
  control_.reset();
  pipelines_.clear();
}

std::map<std::string, int> QueryApp::OnDisk() const {
  std::map<std::string, int> found;
  for (const auto& [id, incarnation] : ListDirectories(options_.store_dir)) {
    const bool wanted =
        ServesAll() || std::count(options_.pipelines.begin(), options_.pipelines.end(), id) > 0;
    // Of two, the older one was served when the process ended: the newer one was being read.
    if (wanted) {
      const auto known = found.emplace(id, incarnation).first;
      known->second = std::min(known->second, incarnation);
    }
  }
  return found;
}

std::map<std::string, int> QueryApp::Wanted(const Told& told) const {
  std::map<std::string, int> wanted;
  for (const auto& [name, incarnation] : told.served) {
    const std::optional<std::string> id = ParsePipelineName(name);
    if (id.has_value()) wanted[*id] = incarnation;
  }
  if (ServesAll()) return wanted;
  std::map<std::string, int> named;
  for (const std::string& id : options_.pipelines) {
    const auto found = wanted.find(id);
    if (found != wanted.end()) {
      named.insert(*found);
    } else if (told.deleted.count(PipelineResourceName(id)) == 0) {
      named[id] = 1;
    }
  }
  return named;
}

absl::StatusOr<QueryApp::Reading> QueryApp::Open(const std::string& id, int incarnation) {
  Reading reading;
  reading.incarnation = incarnation;
  reading.directory = absl::StrCat(options_.store_dir, "/", DirectoryName(id, incarnation));
  absl::StatusOr<std::unique_ptr<ResultStore>> store =
      ResultStore::Create(id, reading.directory, incarnation, {options_.retention});
  if (!store.ok()) return store.status();
  reading.store = *std::move(store);
  return reading;
}

absl::Status QueryApp::Follow(const std::map<std::string, int>& wanted) {
  for (auto it = pipelines_.begin(); it != pipelines_.end();) {
    if (wanted.count(it->first) > 0) {
      ++it;
      continue;
    }
    runtime::LogInfo("pipeline not served any more", {{"pipeline", it->first}});
    Pipeline pipeline = std::move(it->second);
    pipeline.served.reader.reset();
    service_->Withdraw(it->first);
    it = pipelines_.erase(it);
    if (pipeline.next.has_value()) Discard(*std::move(pipeline.next));
    Discard(std::move(pipeline.served));
  }
  for (const auto& [id, incarnation] : wanted) {
    const absl::Status followed = FollowOne(id, incarnation);
    if (!followed.ok()) return followed;
  }
  return absl::OkStatus();
}

absl::Status QueryApp::FollowOne(const std::string& id, int incarnation) {
  const auto known = pipelines_.find(id);
  if (known == pipelines_.end()) {
    absl::StatusOr<Reading> opened = Open(id, incarnation);
    if (!opened.ok()) return opened.status();
    Pipeline& pipeline = pipelines_[id];
    pipeline.served = *std::move(opened);
    service_->Serve(pipeline.served.store);
    pipeline.served.reader = std::make_unique<ResultsReader>(options_.kafka, id, incarnation,
                                                             pipeline.served.store.get());
    runtime::LogInfo("pipeline served", {{"pipeline", id}, {"incarnation", incarnation}});
    return absl::OkStatus();
  }
  Pipeline& pipeline = known->second;
  const bool is_served = pipeline.served.incarnation == incarnation;
  if (pipeline.next.has_value() && (is_served || pipeline.next->incarnation != incarnation)) {
    Discard(*std::move(pipeline.next));
    pipeline.next = absl::nullopt;
  }
  if (is_served) return absl::OkStatus();
  if (!pipeline.next.has_value()) {
    absl::StatusOr<Reading> opened = Open(id, incarnation);
    if (!opened.ok()) return opened.status();
    pipeline.next = *std::move(opened);
    pipeline.next->reader = std::make_unique<ResultsReader>(options_.kafka, id, incarnation,
                                                            pipeline.next->store.get());
  }
  const std::shared_ptr<const StoreView> view = pipeline.next->store->view();
  if (view == nullptr || !view->complete()) return absl::OkStatus();
  // Its reader has to stop for a moment: nobody may write to a store whose listener changes.
  pipeline.next->reader.reset();
  pipeline.served.reader.reset();
  service_->Serve(pipeline.next->store);
  std::swap(pipeline.served, *pipeline.next);
  pipeline.served.reader =
      std::make_unique<ResultsReader>(options_.kafka, id, incarnation, pipeline.served.store.get());
  runtime::LogInfo("incarnation served", {{"pipeline", id}, {"incarnation", incarnation}});
  Discard(*std::move(pipeline.next));
  pipeline.next = absl::nullopt;
  return absl::OkStatus();
}

void QueryApp::Describe(const ServedPipelines::Definitions& definitions) {
  const auto describe = [&definitions](const std::string& id, const Reading& reading) {
    const auto found = definitions.find({PipelineResourceName(id), reading.incarnation});
    if (found != definitions.end()) reading.store->SetDefinition(found->second);
  };
  for (const auto& [id, pipeline] : pipelines_) {
    describe(id, pipeline.served);
    if (pipeline.next.has_value()) describe(id, *pipeline.next);
  }
}

void QueryApp::Discard(Reading reading) {
  reading.reader.reset();
  if (!reading.store->discarded()) reading.store->Discard();
  discarded_[reading.directory] = reading.store;
}

void QueryApp::RemoveDiscarded() {
  for (auto it = discarded_.begin(); it != discarded_.end();) {
    if (!it->second.expired()) {
      ++it;
      continue;
    }
    std::error_code ignored;
    fs::remove_all(it->first, ignored);
    it = discarded_.erase(it);
  }
}

void QueryApp::RemoveLeftOvers(const Told& told) {
  for (const auto& [id, incarnation] : ListDirectories(options_.store_dir)) {
    const auto served = told.served.find(PipelineResourceName(id));
    const bool is_other = served != told.served.end() && served->second != incarnation;
    const auto known = pipelines_.find(id);
    const bool is_open =
        known != pipelines_.end() && known->second.served.incarnation == incarnation;
    const bool is_deleted = told.deleted.count(PipelineResourceName(id)) > 0;
    const std::string path = absl::StrCat(options_.store_dir, "/", DirectoryName(id, incarnation));
    if (is_open || discarded_.count(path) > 0 || !(is_other || is_deleted)) continue;
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
}

void QueryApp::Tend() {
  absl::optional<Told> told;
  bool no_log = false;
  {
    absl::MutexLock lock(&mutex_);
    told = told_;
    no_log = no_log_;
  }
  absl::Status followed;
  if (told.has_value()) {
    followed = Follow(Wanted(*told));
    Describe(told->definitions);
    if (!cleaned_) RemoveLeftOvers(*told);
    cleaned_ = true;
  } else if (no_log) {
    // Nobody has said anything: what there is stays, and what was asked for by name may come.
    for (const std::string& id : options_.pipelines) {
      if (pipelines_.count(id) == 0) followed.Update(FollowOne(id, 1));
    }
  }
  if (!followed.ok() && followed.message() != last_trouble_) {
    last_trouble_ = std::string(followed.message());
    runtime::LogError("store not opened", {{"error", followed.ToString()}});
  }
  service_->SetAllServed((told.has_value() || no_log) && followed.ok(), followed);
  RemoveDiscarded();
  const bool serving = DecideServing(told.has_value() || no_log);
  if (serving == serving_) return;
  serving_ = serving;
  server_->SetServing(serving);
  runtime::LogInfo(serving ? "serving" : "not serving");
}

Holding QueryApp::HoldingOf(const ResultStore& store) const {
  const std::shared_ptr<const StoreView> view = store.view();
  if (view != nullptr) {
    return view->complete() && !view->damaged() ? Holding::kComplete : Holding::kIncomplete;
  }
  const ReadingState reading = store.reading();
  const bool nothing = ServesAll() && reading.known && !reading.topic_exists;
  return nothing ? Holding::kNothingToRead : Holding::kIncomplete;
}

bool QueryApp::DecideServing(bool known) {
  std::map<std::string, Holding> holdings;
  for (const auto& [id, pipeline] : pipelines_) holdings[id] = HoldingOf(*pipeline.served.store);
  return readiness_.Decide(known, holdings);
}

void QueryApp::Drain() {
  runtime::LogInfo("draining");
  server_->BeginDrain();
  service_->Drain();
  server_->Drain(kDrainGrace);
  control_.reset();
  pipelines_.clear();
  runtime::LogInfo("query stopped");
}

}  // namespace windrow::query
