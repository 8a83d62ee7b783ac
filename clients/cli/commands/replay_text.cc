#include "clients/cli/commands/replay_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {

using ::windrow::producer::v1::Replay;

std::string ReplayStateText(Replay::State state) {
  switch (state) {
    case Replay::STATE_RUNNING:
      return "running";
    case Replay::STATE_PAUSED:
      return "paused";
    case Replay::STATE_DONE:
      return "done";
    case Replay::STATE_STOPPED:
      return "stopped";
    case Replay::STATE_FAILED:
      return "failed";
    default:
      return "no replay";
  }
}

namespace {

std::string ReplayText(const Replay& replay) {
  std::string line = ReplayStateText(replay.state());
  if (replay.state() != Replay::STATE_UNSPECIFIED) {
    absl::StrAppend(&line, ": ", GroupedNumber(replay.records_acknowledged()));
    if (replay.records_total() > 0)
      absl::StrAppend(&line, " of ", GroupedNumber(replay.records_total()));
    absl::StrAppend(&line, " records to ", Printable(replay.spec().topic()), ", ",
                    GroupedNumber(std::llround(replay.records_per_second())), " records/s");
    if (replay.has_event_time()) {
      absl::StrAppend(&line, ", event time ", ShortTimeText(ToTime(replay.event_time())));
    }
  }
  if (!replay.error().empty()) absl::StrAppend(&line, ": ", Printable(replay.error()));
  return line;
}

}  // namespace

void PrintReplay(const Replay& replay, const std::string& format) {
  PrintRecord(format, replay, [&replay] { PrintLine(ReplayText(replay)); });
}

}  // namespace windrow::cli
