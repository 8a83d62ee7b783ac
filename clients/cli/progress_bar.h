#ifndef CLIENTS_CLI_PROGRESS_BAR_H_
#define CLIENTS_CLI_PROGRESS_BAR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace windrow::cli {

// How far something long is.
struct Advance {
  // "sent", "caught up": what is done with the units.
  std::string label;
  int64_t done = 0;
  // 0 when it is not known.
  int64_t total = 0;
  // "records"; empty where only the share says something.
  std::string unit;
  // Units per second; 0 when it is not known.
  double per_second = 0;
};

// One line: "sent  [#####               ]  25 %, 1,000 of 4,000 records, 500/s, 6s left", at most
// `width` columns wide. Without a width there is no bar, for a log.
std::string AdvanceText(const Advance& advance, size_t width);

// Shows on standard error how far a command is: a line that is drawn again on a terminal, elsewhere
// a line every five seconds. Says nothing about what is done before the first second is over. One
// thread.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label, std::string unit);
  // Takes the line away.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Call often.
  void Update(int64_t done, int64_t total);
  // Replaces what is said beside the numbers.
  void SetLabel(std::string label) { advance_.label = std::move(label); }

 private:
  const bool drawn_;
  Advance advance_;
  const absl::Time begin_;
  int64_t first_done_ = -1;
  absl::Time next_;
  bool shown_ = false;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_PROGRESS_BAR_H_
