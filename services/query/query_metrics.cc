#include "services/query/query_metrics.h"

#include <string>

#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

void WriteMetrics(const QueryService& service, metrics::MetricFamilies* out) {
  v1::GetStatusResponse status;
  service.FillStatus(&status);
  out->AddGauge("windrow_subscribers", "Subscribe calls at present.", status.subscribers());
  out->AddGauge("windrow_query_disk_full", "1 while nothing is stored because the disk is full.",
                status.state() == v1::GetStatusResponse::STATE_DISK_FULL ? 1 : 0);
  out->AddGauge("windrow_query_caught_up", "1 when everything there was has been read.",
                status.caught_up() ? 1 : 0);
  for (const v1::PipelineStatus& pipeline : status.pipelines()) {
    const metrics::Labels labels = {
        {"pipeline", pipeline.pipeline().substr(pipeline.pipeline().rfind('/') + 1)}};
    out->AddGauge("windrow_results_lag_records", "Records of results not stored yet.",
                  static_cast<double>(pipeline.lag_records()), labels);
    out->AddGauge("windrow_rows", "Rows held.", static_cast<double>(pipeline.rows()), labels);
    out->AddCounter("windrow_results_records_read_total",
                    "Records of the source topic that the results speak of.",
                    static_cast<double>(pipeline.records_read()), labels);
    if (pipeline.has_closed_through_time()) {
      out->AddGauge("windrow_results_closed_through_timestamp_seconds",
                    "Windows that end at or before this time are final in what is served.",
                    static_cast<double>(pipeline.closed_through_time().seconds()), labels);
    }
  }
}

}  // namespace windrow::query
