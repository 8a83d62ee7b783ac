#ifndef SERVICES_PRODUCER_GENERATOR_FLAGS_H_
#define SERVICES_PRODUCER_GENERATOR_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/producer/core/replay_options.h"

namespace windrow::producer {

// The flags of generated calls, shared by the producer and generate_calls: --seed,
// --events_per_minute, --start_time, --max_disorder_seconds, --late_fraction, --broken_records.

// What they say; exits 2 when --start_time is no time.
CallGeneratorOptions GeneratorOptionsFromFlags(int64_t records);

// Names of those that were given another value than their default.
std::vector<std::string> GeneratorFlagsInUse();

// Prints the first of `problems` as one line that names the flag rather than the field, and exits
// 2. `records_flag` is the flag that says how many records.
void ExitOnProblems(const std::vector<OptionProblem>& problems, const std::string& records_flag);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_GENERATOR_FLAGS_H_
