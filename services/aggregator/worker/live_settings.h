#ifndef SERVICES_AGGREGATOR_WORKER_LIVE_SETTINGS_H_
#define SERVICES_AGGREGATOR_WORKER_LIVE_SETTINGS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Settings of a pipeline that its workers look at each time round. Thread-safe.
struct LiveSettings {
  // 0 means no limit.
  std::atomic<int64_t> records_per_second_per_partition{0};
  std::atomic<int64_t> commit_interval_ms{10};
  // Over all merge partitions.
  std::atomic<int64_t> state_limit_bytes{1'000'000'000};
  // Whether nothing is to be read from the source.
  std::atomic<bool> paused{false};
  // Largest watermark delay that has been set while the pipeline ran, microseconds.
  std::atomic<int64_t> max_watermark_delay_us{0};
  // Generation of the last drain request; 0 for none.
  std::atomic<int64_t> drain_generation{0};
  // Generation of plan(); set after it.
  std::atomic<int64_t> plan_generation{0};

  // The plan with the newest tables, watermark delay and idle policy; null while none has changed.
  std::shared_ptr<const PipelinePlan> plan() const {
    absl::MutexLock lock(&mutex);
    return newest_plan;
  }
  void SetPlan(std::shared_ptr<const PipelinePlan> plan) {
    const int64_t generation = plan->plan_generation;
    {
      absl::MutexLock lock(&mutex);
      newest_plan = std::move(plan);
    }
    plan_generation = generation;
  }

  mutable absl::Mutex mutex;
  std::shared_ptr<const PipelinePlan> newest_plan ABSL_GUARDED_BY(mutex);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_LIVE_SETTINGS_H_
