#include "services/aggregator/simulation/weather.h"

namespace windrow::aggregator {

Weather Weather::Draw(Random* random) {
  const auto sometimes = [random](int most) {
    return random->OneIn(2) ? 0 : static_cast<int>(random->Between(1, most));
  };
  Weather weather;
  weather.crash = sometimes(100);
  weather.interleave = sometimes(3000);
  weather.lost = sometimes(100);
  weather.unanswered = sometimes(200);
  weather.refused = sometimes(200);
  weather.repeated = sometimes(1500);
  weather.slow = sometimes(6000);
  weather.redelivered = sometimes(1000);
  weather.late_marks = sometimes(5000);
  weather.mark_ms = random->OneIn(4) ? 4000 : 50;
  weather.kill = sometimes(200);
  weather.resize = sometimes(300);
  weather.cut_off = sometimes(100);
  weather.away = sometimes(40);
  weather.steal = sometimes(20);
  weather.drain = sometimes(30);
  weather.settings = sometimes(100);
  weather.tables = sometimes(1000);
  weather.grow = 100;
  weather.transactions = random->OneIn(4) ? 3000 : 0;
  weather.most_workers = static_cast<int>(random->Between(1, 4));
  weather.replicas = static_cast<int>(random->Between(1, 2));
  return weather;
}

}  // namespace windrow::aggregator
