#ifndef SERVICES_PLATFORM_RUNTIME_FLAGS_H_
#define SERVICES_PLATFORM_RUNTIME_FLAGS_H_

#include "absl/strings/string_view.h"

namespace windrow::runtime {

// Parses Abseil flags the way our services do, with - or _ between the words of a name: --help
// prints `usage` and every flag of this program with its default and exits 0; --version exits 0; an
// unknown flag, a wrong value or a stray argument prints one clear line to standard error and
// exits 2. So does a wrong value of the flags that every service has: --log_format (json or text)
// and --listen (HOST:PORT or unix:PATH).
void ParseFlagsOrExit(int argc, char** argv, absl::string_view usage);

// Prints "<program>: <message>" to standard error and exits 2: for values that are of the right
// type but wrong.
[[noreturn]] void ExitWithUsageError(absl::string_view message);

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_FLAGS_H_
