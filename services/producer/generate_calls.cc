// Prints generated calls, one per line: what the producer would send for the same flags. For
// recounts that share no code with the services, and for trying other tools on them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/flags/flag.h"
#include "services/platform/runtime/flags.h"
#include "services/producer/core/call_generator.h"
#include "services/producer/core/replay_options.h"
#include "services/producer/generator_flags.h"

ABSL_FLAG(int64_t, records, 1000, "number of records");

namespace windrow::producer {
namespace {

// Whether all of it was written.
bool Print(const CallGeneratorOptions& options) {
  constexpr size_t kBlockBytes = 1 << 18;
  CallGenerator generator(options);
  std::string block;
  for (int64_t index = 0; index < options.records; ++index) {
    const GeneratedCall call = generator.Get(index);
    block.append(call.text.data(), call.text.size());
    block.push_back('\n');
    if (block.size() < kBlockBytes && index + 1 < options.records) continue;
    if (std::fwrite(block.data(), 1, block.size(), stdout) != block.size()) return false;
    block.clear();
  }
  return std::fflush(stdout) == 0;
}

}  // namespace
}  // namespace windrow::producer

int main(int argc, char** argv) {
  using windrow::producer::ReplayOptions;
  windrow::runtime::ParseFlagsOrExit(argc, argv,
                                     "Prints generated police calls, one JSON object per line.");
  ReplayOptions options;
  const auto generator = windrow::producer::GeneratorOptionsFromFlags(absl::GetFlag(FLAGS_records));
  options.source = generator;
  windrow::producer::ExitOnProblems(CheckReplayOptions(options), "--records");
  if (windrow::producer::Print(generator)) return EXIT_SUCCESS;
  std::perror("generate_calls: cannot write");
  return EXIT_FAILURE;
}
