#include "services/query/query_app.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/runtime/log.h"
#include "services/query/core/view_name.h"

namespace windrow::query {
namespace {

constexpr absl::Duration kDrainGrace = absl::Seconds(5);

absl::Status Validate(const QueryApp::Options& options) {
  if (options.pipelines.empty()) {
    return absl::InvalidArgumentError("--pipeline: at least one pipeline is needed");
  }
  if (options.store_dir.empty())
    return absl::InvalidArgumentError("--store_dir: must not be empty");
  if (options.max_subscribers < 1) {
    return absl::InvalidArgumentError("--max_subscribers: must be at least 1");
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
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<QueryApp>> QueryApp::Create(const Options& options) {
  const absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  runtime::InitLog("query", options.log_format, runtime::LogLevel::kInfo);
  std::unique_ptr<QueryApp> app(new QueryApp());
  std::vector<ResultStore*> stores;
  for (const std::string& pipeline : options.pipelines) {
    absl::StatusOr<std::unique_ptr<ResultStore>> store =
        ResultStore::Create(pipeline, absl::StrCat(options.store_dir, "/", pipeline));
    if (!store.ok()) return store.status();
    stores.push_back(store->get());
    app->stores_.push_back(*std::move(store));
  }
  QueryService::Options service_options;
  service_options.max_subscribers = options.max_subscribers;
  app->service_ = std::make_unique<QueryService>(service_options, stores);
  absl::StatusOr<std::unique_ptr<rpc::RpcServer>> server =
      rpc::RpcServer::Start(options.listen, {app->service_.get()});
  if (!server.ok()) return server.status();
  app->server_ = *std::move(server);
  for (ResultStore* const store : stores) {
    app->readers_.push_back(
        std::make_unique<ResultsReader>(options.kafka, store->pipeline(), store));
  }
  app->UpdateHealth();
  runtime::LogInfo("query started", {{"port", app->port()}, {"store_dir", options.store_dir}});
  return app;
}

QueryApp::~QueryApp() { readers_.clear(); }

void QueryApp::UpdateHealth() {
  const bool serving =
      std::all_of(stores_.begin(), stores_.end(), [](const std::unique_ptr<ResultStore>& store) {
        const std::shared_ptr<const StoreView> view = store->view();
        return view != nullptr && view->complete();
      });
  if (serving == serving_) return;
  serving_ = serving;
  server_->SetServing(serving);
  runtime::LogInfo(serving ? "serving" : "not serving");
}

void QueryApp::Drain() {
  runtime::LogInfo("draining");
  service_->Drain();
  server_->Drain(kDrainGrace);
  readers_.clear();
  runtime::LogInfo("query stopped");
}

}  // namespace windrow::query
