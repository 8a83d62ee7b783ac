#include "clients/cli/commands/settings_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/proto_json.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {

void PrintSettings(const aggregator::v1::PipelineResource& pipeline, const std::string& format) {
  const pipeline::v1::Settings& settings = pipeline.pipeline().settings();
  if (format == "json") {
    PrintLine(ProtoJson(settings));
    return;
  }
  const int64_t rate = settings.records_per_second_per_partition();
  TextTable table({{"SETTING"}, {"VALUE"}});
  table.Add({"parallelism", absl::StrCat(settings.parallelism())});
  table.Add({"rate", rate == 0 ? "no limit" : GroupedNumber(rate) + " records/s per partition"});
  table.Add({"commit interval", absl::FormatDuration(ToDuration(settings.commit_interval()))});
  table.Add({"state limit", GroupedNumber(settings.state_limit_bytes() / 1'000'000) + " MB"});
  table.Add({"generation", absl::StrCat(pipeline.generation())});
  Print(table.Text());
}

}  // namespace windrow::cli
