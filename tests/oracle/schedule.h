#ifndef TESTS_ORACLE_SCHEDULE_H_
#define TESTS_ORACLE_SCHEDULE_H_

#include <cstdint>
#include <random>

namespace windrow::oracle {

// What happens when, drawn from a seed. Seed 0 is the calmest run: one worker, everything in one
// batch, nothing fails. A value of one thread.
class Schedule {
 public:
  explicit Schedule(uint64_t seed) : calm_(seed == 0), engine_(seed) {}

  bool calm() const { return calm_; }
  // From 0 to below.
  int64_t Below(int64_t below) { return static_cast<int64_t>(engine_() % below); }
  int64_t Between(int64_t least, int64_t largest) { return least + Below(largest - least + 1); }
  // Never on a calm day.
  bool OneIn(int64_t times) { return !calm_ && Below(times) == 0; }

 private:
  bool calm_;
  std::mt19937_64 engine_;
};

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_SCHEDULE_H_
