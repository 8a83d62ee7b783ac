#ifndef SERVICES_PLATFORM_METRICS_METRIC_FAMILIES_H_
#define SERVICES_PLATFORM_METRICS_METRIC_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/platform/runtime/duration_histogram.h"

namespace windrow::metrics {

// Name and value of each label; values are few and known beforehand, never what callers or records
// say.
using Labels = std::vector<std::pair<std::string, std::string>>;

// What one scrape answers, being put together. Names follow Prometheus' conventions: base units
// (_seconds, _bytes), _total for counters. Samples of one name need not be added together. A value
// of one thread.
class MetricFamilies {
 public:
  void AddCounter(absl::string_view name, absl::string_view help, double value,
                  const Labels& labels = {});
  void AddGauge(absl::string_view name, absl::string_view help, double value,
                const Labels& labels = {});
  void AddHistogram(absl::string_view name, absl::string_view help,
                    const runtime::DurationHistogram& histogram, const Labels& labels = {});

  // All of them, by name.
  std::vector<prometheus::MetricFamily> Take();

 private:
  prometheus::ClientMetric& Add(absl::string_view name, absl::string_view help,
                                prometheus::MetricType type, const Labels& labels);

  std::map<std::string, prometheus::MetricFamily> families_;
};

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_METRIC_FAMILIES_H_
