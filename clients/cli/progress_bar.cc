#include "clients/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/text_width.h"

namespace windrow::cli {
namespace {

constexpr size_t kBarWidth = 20;
constexpr absl::Duration kQuiet = absl::Seconds(1);
constexpr absl::Duration kRedraw = absl::Milliseconds(200);
constexpr absl::Duration kLogInterval = absl::Seconds(5);

double Share(const Advance& advance) {
  return std::clamp(static_cast<double>(advance.done) / static_cast<double>(advance.total), 0.0,
                    1.0);
}

std::string Bar(double share) {
  const auto filled = static_cast<size_t>(std::floor(share * kBarWidth));
  return absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, ' '), "]");
}

}  // namespace

std::string AdvanceText(const Advance& advance, size_t width) {
  const bool has_total = advance.total > 0;
  std::string text = advance.label;
  if (has_total) {
    const double share = Share(advance);
    if (width > 0) absl::StrAppend(&text, " ", Bar(share));
    absl::StrAppend(&text, " ", static_cast<int>(std::floor(share * 100)), " %");
  }
  if (!advance.unit.empty()) {
    absl::StrAppend(&text, has_total ? ", " : " ", GroupedNumber(advance.done));
    if (has_total) absl::StrAppend(&text, " of ", GroupedNumber(advance.total));
    absl::StrAppend(&text, " ", advance.unit);
  }
  if (advance.per_second > 0) {
    if (!advance.unit.empty()) {
      absl::StrAppend(&text, ", ", GroupedNumber(std::llround(advance.per_second)), "/s");
    }
    if (advance.total > advance.done) {
      const double seconds =
          std::ceil(static_cast<double>(advance.total - advance.done) / advance.per_second);
      absl::StrAppend(&text, ", ", absl::FormatDuration(absl::Seconds(seconds)), " left");
    }
  }
  return width > 0 ? std::string(TextPrefix(text, width)) : text;
}

ProgressBar::ProgressBar(std::string label, std::string unit)
    : drawn_(ErrorsGoToTerminal()),
      begin_(absl::Now()),
      next_(begin_ + (drawn_ ? kQuiet : kLogInterval)) {
  advance_.label = std::move(label);
  advance_.unit = std::move(unit);
}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Update(int64_t done, int64_t total) {
  if (first_done_ < 0) first_done_ = done;
  const absl::Time now = absl::Now();
  if (now < next_) return;
  next_ = now + (drawn_ ? kRedraw : kLogInterval);
  advance_.done = done;
  advance_.total = total;
  advance_.per_second = static_cast<double>(std::max<int64_t>(0, done - first_done_)) /
                        absl::ToDoubleSeconds(now - begin_);
  if (!drawn_) {
    Note(AdvanceText(advance_, 0));
    return;
  }
  // The last column stays free: a terminal may begin a new line behind it.
  std::fprintf(stderr, "\r%s\x1b[K", AdvanceText(advance_, ErrorsWidth() - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace windrow::cli
