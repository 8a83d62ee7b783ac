#include "services/producer/core/call_vocabulary.h"

#include <cassert>

namespace windrow::producer {
namespace {

// Skewed like the real thing: two types make a quarter, half of them hardly ever come.
constexpr WeightedWord kCrimeTypes[] = {
    {"Passing Call", 380},
    {"Traffic Stop", 210},
    {"Suspicious Person", 118},
    {"Traf Violation Cite", 104},
    {"Audible Alarm", 86},
    {"Transit Inspection", 80},
    {"Trespasser", 72},
    {"Well Being Check", 70},
    {"Suspicious Vehicle", 66},
    {"Homeless Complaint", 62},
    {"Fight No Weapon", 50},
    {"Parking 4410a", 44},
    {"Noise Nuisance", 40},
    {"Auto Boost \\/ Strip", 38},
    {"Petty Theft", 34},
    {"Traf Violation Tow", 32},
    {"Person Disturbed", 30},
    {"Poss", 28},
    {"Assault \\/ Battery", 26},
    {"Meet W\\/citizen", 25},
    {"Complaint Unkn", 24},
    {"Drugs", 22},
    {"Burglary", 21},
    {"Threats \\/ Harassment", 20},
    {"Vandalism", 19},
    {"Stolen Vehicle", 18},
    {"Parking 4410b", 17},
    {"Auto Accident", 16},
    {"Injury Accident", 15},
    {"Hit & Run Accident", 14},
    {"Silent Alarm", 13},
    {"Panic Alarm", 12},
    {"Muni Fare Dispute", 12},
    {"Person Screaming", 11},
    {"Intoxicated Person", 11},
    {"Missing Juvenile", 10},
    {"Missing Adult", 10},
    {"Found Person", 9},
    {"Citizen Arrest", 9},
    {"Citizen Standby", 8},
    {"Meet W\\/officer", 8},
    {"Assist Fire Crew", 7},
    {"Traffic Hazard", 7},
    {"Double Parking", 7},
    {"Blocked Driveway", 6},
    {"Grand Theft", 6},
    {"Purse Snatch", 5},
    {"Strongarm Robbery", 5},
    {"Robbery", 5},
    {"Fraud", 4},
    {"Prowler", 4},
    {"Dog Off Leash", 4},
    {"Aggressive Begging", 4},
    {"Loud Music", 4},
    {"Street Vendor", 3},
    {"Broken Window", 3},
    {"Open Door", 3},
    {"Fireworks", 3},
    {"Shots Heard", 3},
    {"Person W\\/knife", 3},
    {"Person W\\/gun", 2},
    {"Fight W\\/weapons", 2},
    {"Court Order Viol", 2},
    {"Evicted Tenant", 2},
    {"Lost Property", 2},
    {"Found Property", 2},
    {"Abandoned Vehicle", 2},
    {"Bicycle Accident", 2},
    {"Indecent Conduct", 2},
    {"Arson", 1},
    {"Bomb Threat", 1},
    {"Water Rescue", 1},
    {"Escort Oversize", 1},
    {"Demonstration", 1},
    {"4410a\\/rz", 1},
    {"917 Followup", 1},
};

// Mostly codes of the radio-code table; "OTS", "GEN", "Not recorded" and "" are not in it.
constexpr WeightedWord kDispositions[] = {
    {"HAN", 560}, {"GOA", 225}, {"ADV", 210}, {"Not recorded", 200},
    {"CIT", 180}, {"REP", 170}, {"UTL", 90},  {"ND", 82},
    {"NOM", 74},  {"CAN", 68},  {"PAS", 42},  {"NCR", 19},
    {"ARR", 17},  {"22", 12},   {"ABA", 12},  {"ADM", 8},
    {"", 6},      {"OTS", 4},   {"GEN", 3},   {"SFD", 3},
    {"CRM", 2},   {"CSA", 2},   {"VAS", 2},
};

constexpr WeightedWord kCities[] = {
    {"San Francisco", 1930}, {"", 40},        {"Treasure Isla", 22}, {"Yerba Buena", 4},
    {"Hunters Point", 2},    {"Presidio", 1}, {"Daly City", 1},
};

constexpr absl::string_view kStreets[] = {
    "Abalone St",   "Acorn Av",      "Albatross Wy",  "Alder St",      "Almanac St",
    "Amber St",     "Anchor St",     "Anvil Al",      "Arbor St",      "Aster Av",
    "Badger St",    "Balsam St",     "Barnacle Ln",   "Beacon St",     "Bellows Al",
    "Bittern St",   "Bobbin St",     "Bramble Ct",    "Brigantine Av", "Buckeye St",
    "Cannery Rw",   "Capstan St",    "Cedarwood Dr",  "Chandler St",   "Cinder Al",
    "Clover St",    "Cobble St",     "Compass Av",    "Cooper St",     "Cormorant St",
    "Crane Av",     "Curlew Wy",     "Cutter St",     "Dogwood St",    "Dory Ln",
    "Driftwood Tr", "Egret St",      "Ember St",      "Falcon Av",     "Fathom St",
    "Fennel St",    "Ferryman St",   "Finch St",      "Foghorn Av",    "Foundry St",
    "Galley St",    "Garnet St",     "Gasket Al",     "Gimbal St",     "Granite St",
    "Gull Av",      "Halyard St",    "Harrow St",     "Hawser St",     "Hazel Av",
    "Hemlock Gr",   "Heron St",      "Ironwood St",   "Jetty St",      "Juniper Bl",
    "Keel St",      "Kelp St",       "Kestrel Av",    "Kiln St",       "Lantern St",
    "Larkspur Pz",  "Lathe Al",      "Linden Bl",     "Lodestar Av",   "Loom St",
    "Magnet St",    "Mainsail Bl",   "Mallow St",     "Maritime Av",   "Millstone St",
    "Mooring St",   "Mulberry Tr",   "Nettle St",     "Oakum Al",      "Osprey Av",
    "Oyster St",    "Pelican Bl",    "Pewter St",     "Pilot St",      "Plover St",
    "Plumbline St", "Quarry Rd",     "Quill St",      "Redbud St",     "Rivet Al",
    "Rudder St",    "Saddler St",    "Sandpiper Av",  "Sawmill Rd",    "Schooner St",
    "Sextant Av",   "Shale St",      "Shipwright Wy", "Signal St",     "Sorrel St",
    "Spar St",      "Spindle St",    "Starling Av",   "Sycamore Gr",   "Tackle Al",
    "Tamarack Dr",  "Tanner St",     "Tern St",       "Thimble Ct",    "Thistle St",
    "Tiller St",    "Topsail Av",    "Trellis St",    "Trinket Al",    "Umber St",
    "Vane St",      "Verbena St",    "Wagon St",      "Walnut Gr",     "Warbler Av",
    "Weaver St",    "Wharfinger St", "Wheelhouse Rd", "Willet St",     "Windlass Av",
    "Wren St",      "Yardarm St",    "Zephyr Tr",
};

constexpr absl::string_view kCommonLocations[] = {
    "Lantern St Station, Sf", "Anchor Pz, Sf",         "Beacon Hill Viewpoint",
    "Foghorn Pier, Sf",       "Mainsail Market, Sf",   "Sycamore Grove Park, Sf",
    "Pelican Bl Corridor",    "Old Cannery, Sf",       "Harbor Clinic, Sf",
    "Compass Av Library, Sf", "Granite St Garage, Sf", "Juniper Recreation Ctr",
    "Osprey Field, Sf",       "Ferry Landing, Sf",     "Wheelhouse Museum, Sf",
    "Quarry Playground, Sf",  "Windlass Terminal, Sf", "Larkspur Pz Fountain",
    "Mooring St Hotel, Sf",   "Topsail Av Corridor",   "Tern Lake, Sf",
    "Maritime College, Sf",   "Kestrel Stadium, Sf",   "Pilot House",
};

constexpr size_t kMaxWords = 256;  // A slot is a byte.
static_assert(std::size(kCrimeTypes) <= kMaxWords);

}  // namespace

absl::Span<const WeightedWord> CrimeTypes() { return kCrimeTypes; }
absl::Span<const WeightedWord> Dispositions() { return kDispositions; }
absl::Span<const WeightedWord> Cities() { return kCities; }
absl::Span<const absl::string_view> Streets() { return kStreets; }
absl::Span<const absl::string_view> CommonLocations() { return kCommonLocations; }

WordPicker::WordPicker(absl::Span<const WeightedWord> words) : words_(words) {
  int total = 0;
  for (const WeightedWord& word : words) total += word.weight;
  assert(words.size() <= kMaxWords && total <= kSlots);
  size_t index = 0;
  int up_to = words[0].weight;
  for (int slot = 0; slot < kSlots; ++slot) {
    while (up_to * kSlots <= slot * total) up_to += words[++index].weight;
    slots_[slot] = static_cast<uint8_t>(index);
  }
}

}  // namespace windrow::producer
