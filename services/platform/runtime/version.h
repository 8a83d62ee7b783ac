#ifndef SERVICES_PLATFORM_RUNTIME_VERSION_H_
#define SERVICES_PLATFORM_RUNTIME_VERSION_H_

namespace windrow::runtime {

// Version of the programs, by semver.org.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_VERSION_H_
