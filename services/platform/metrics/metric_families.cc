#include "services/platform/metrics/metric_families.h"

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace windrow::metrics {

prometheus::ClientMetric& MetricFamilies::Add(absl::string_view name, absl::string_view help,
                                              prometheus::MetricType type, const Labels& labels) {
  prometheus::MetricFamily& family = families_[std::string(name)];
  family.name = std::string(name);
  family.help = std::string(help);
  family.type = type;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [label, value] : labels) metric.label.push_back({label, value});
  return metric;
}

void MetricFamilies::AddCounter(absl::string_view name, absl::string_view help, double value,
                                const Labels& labels) {
  Add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricFamilies::AddGauge(absl::string_view name, absl::string_view help, double value,
                              const Labels& labels) {
  Add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricFamilies::AddHistogram(absl::string_view name, absl::string_view help,
                                  const runtime::DurationHistogram& histogram,
                                  const Labels& labels) {
  prometheus::ClientMetric::Histogram& out =
      Add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  out.sample_count = histogram.count();
  out.sample_sum = absl::ToDoubleSeconds(histogram.sum());
  uint64_t cumulative = 0;
  for (size_t i = 0; i < histogram.bounds().size(); ++i) {
    cumulative += histogram.counts()[i];
    out.bucket.push_back({cumulative, absl::ToDoubleSeconds(histogram.bounds()[i])});
  }
  out.bucket.push_back({histogram.count(), std::numeric_limits<double>::infinity()});
}

std::vector<prometheus::MetricFamily> MetricFamilies::Take() {
  std::vector<prometheus::MetricFamily> all;
  for (auto& [name, family] : families_) all.push_back(std::move(family));
  families_.clear();
  return all;
}

}  // namespace windrow::metrics
