#include "services/query/sink/replica_status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/query/core/view_name.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

using Stores = std::vector<ServedStores::StorePtr>;

void FillPipeline(const ResultStore& store, v1::PipelineStatus* status) {
  status->set_pipeline(PipelineResourceName(store.pipeline()));
  status->set_lag_records(store.reading().lag_records);
  const std::shared_ptr<const StoreView> content = store.view();
  if (content == nullptr) return;
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

// What is still to be read back, for people.
std::string Behind(const Stores& stores) {
  std::string behind;
  for (const ServedStores::StorePtr& store : stores) {
    if (ServedStores::IsAnswered(*store) || ServedStores::HasNoTopic(*store)) continue;
    const ReadingState reading = store->reading();
    absl::StrAppend(&behind, behind.empty() ? "" : "; ", store->pipeline(), ": ",
                    reading.applied_records, " of ", reading.total_records, " records");
  }
  return behind;
}

void SetState(bool all_served, absl::Status trouble, const Stores& stores,
              v1::GetStatusResponse* response) {
  for (const ServedStores::StorePtr& store : stores) trouble.Update(store->trouble());
  const std::string behind = Behind(stores);
  response->set_detail(trouble.ok() ? behind : std::string(trouble.message()));
  if (absl::IsResourceExhausted(trouble)) {
    response->set_state(v1::GetStatusResponse::STATE_DISK_FULL);
  } else if (!behind.empty() || !all_served) {
    response->set_state(v1::GetStatusResponse::STATE_CATCHING_UP);
    if (response->detail().empty()) response->set_detail("not all pipelines are known yet");
  } else {
    response->set_state(v1::GetStatusResponse::STATE_SERVING);
  }
}

}  // namespace

void FillReplicaStatus(const ServedStores& stores, v1::GetStatusResponse* response) {
  const bool all_served = stores.all_served();
  Stores served;
  stores.FindPipelines("", &served);
  bool caught_up = all_served;
  for (const ServedStores::StorePtr& store : served) {
    caught_up = caught_up && (store->reading().caught_up || ServedStores::HasNoTopic(*store));
    FillPipeline(*store, response->add_pipelines());
  }
  response->set_caught_up(caught_up);
  SetState(all_served, stores.trouble(), served, response);
}

}  // namespace windrow::query
