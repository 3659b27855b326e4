// The schedule and the steps against diffusers' tables and against formulas in double.
#include "sampling/euler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/json_file.h"
#include "sampling/sigma_curves.h"

namespace allaprima::sampling {
namespace {

class EulerTest : public testing::Test {
 protected:
  ~EulerTest() override { std::filesystem::remove_all(folder_); }

  SchedulerConfig config(const std::string& changes = "") {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "scheduler_config.json")
        << R"({"_class_name":"EulerDiscreteScheduler","beta_start":0.00085,"beta_end":0.012,)"
        << R"("beta_schedule":"scaled_linear","timestep_spacing":"leading","steps_offset":1)"
        << changes << "}";
    return SchedulerConfig::read(folder_);
  }

  std::string refusal(const std::string& changes) {
    try {
      config(changes);
      return "accepted";
    } catch (const Error& error) {
      return error.what();
    }
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("allaprima-euler-" + std::to_string(::getpid()));
};

double sigma_of(const StepRow& row) {
  return std::sqrt(1 / (row.input_scale * row.input_scale) - 1);
}

// Values printed by diffusers 0.42.1 for SDXL's scheduler_config.json, 30 steps.
TEST_F(EulerTest, has_diffusers_sigmas_for_thirty_leading_steps) {
  const double golden[] = {11.476851, 9.543586, 8.004313, 6.768384, 5.767774, 4.951042,
                           4.279002,  3.721592, 3.255588, 2.862932, 2.529487, 2.244122,
                           1.998015,  1.784132, 1.596832, 1.431561, 1.284622, 1.152989,
                           1.034167,  0.926080, 0.826974, 0.735343, 0.649857, 0.569285,
                           0.492410,  0.417880, 0.343932, 0.267653, 0.182166, 0.041314};
  const StepTable table = euler_table(config(), 30);
  ASSERT_EQ(table.rows.size(), 30u);
  EXPECT_NEAR(table.initial_scale, 11.520334, 1e-5);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(table.rows[i].timestep, 958 - 33.0 * static_cast<double>(i));
    EXPECT_NEAR(sigma_of(table.rows[i]), golden[i], 1e-6) << "step " << i;
  }
}

TEST_F(EulerTest, spaces_trailing_and_linspace_as_diffusers_does) {
  const StepTable trailing = euler_table(config(R"(,"timestep_spacing":"trailing")"), 4);
  const double steps[] = {999, 749, 499, 249};
  const double sigmas[] = {14.614647, 4.081731, 1.612887, 0.693205};
  EXPECT_NEAR(trailing.initial_scale, 14.614647, 1e-5);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(trailing.rows[i].timestep, steps[i]);
    EXPECT_NEAR(sigma_of(trailing.rows[i]), sigmas[i], 2e-6 * sigmas[i]);
  }
  const StepTable linspace = euler_table(config(R"(,"timestep_spacing":"linspace")"), 3);
  EXPECT_EQ(linspace.rows[0].timestep, 999);
  EXPECT_EQ(linspace.rows[1].timestep, 499.5);
  EXPECT_EQ(linspace.rows[2].timestep, 0);
}

TEST_F(EulerTest, breaks_ties_of_trailing_timesteps_as_numpy_does) {
  // numpy.arange(1000, 0, -1000 / 48).round() - 1, first ten.
  const double steps[] = {999, 978, 957, 936, 916, 895, 874, 853, 832, 811};
  const StepTable table = euler_table(config(R"(,"timestep_spacing":"trailing")"), 48);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(table.rows[i].timestep, steps[i]) << i;
  EXPECT_EQ(euler_table(config(R"(,"timestep_spacing":"trailing")"), 61).rows.size(), 61u);
}

/// The sampler as the paper writes it: x0 from the prediction, then a step along (x − x0) / σ.
double reference_step(const std::string& type, double x, double m, double sigma, double next) {
  const double scale = std::sqrt(sigma * sigma + 1);
  const double x0 = type == "epsilon"        ? x - sigma * m
                    : type == "v_prediction" ? m * (-sigma / scale) + x / (scale * scale)
                                             : m;
  return x + (x - x0) / sigma * (next - sigma);
}

TEST_F(EulerTest, moves_the_latent_as_the_formula_says_for_every_prediction_type) {
  for (const std::string type : {"epsilon", "v_prediction", "sample"}) {
    const StepTable table = euler_table(config(",\"prediction_type\":\"" + type + "\""), 7);
    for (size_t i = 0; i < 7; ++i) {
      const StepRow& row = table.rows[i];
      const double next = i < 6 ? sigma_of(table.rows[i + 1]) : 0;
      const double x = 1.7, m = -0.4;
      const double expected = reference_step(type, x, m, sigma_of(row), next);
      EXPECT_NEAR(x * row.latent_factor + m * row.prediction_factor, expected, 1e-9) << type << i;
    }
  }
}

TEST_F(EulerTest, takes_absent_keys_as_the_class_defaults_not_as_sdxls_values) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "scheduler_config.json") << "{}";
  const SchedulerConfig c = SchedulerConfig::read(folder_);
  EXPECT_EQ(c.spacing, Spacing::kLinspace);
  EXPECT_EQ(c.steps_offset, 0);
  EXPECT_NEAR(c.sigmas[0], std::sqrt(0.0001 / 0.9999), 2e-6);
}

/// Of a table that diffusers rounds to fp32.
void expect_near(double ours, double theirs, const std::string& what) {
  EXPECT_NEAR(ours, theirs, 3e-6 * std::abs(theirs) + 1e-7) << what;
}

void expect_table(const StepTable& ours, const Json& theirs, const std::string& what) {
  const auto sigmas = theirs["sigmas"].get<std::vector<double>>();
  const auto timesteps = theirs["timesteps"].get<std::vector<double>>();
  ASSERT_EQ(ours.rows.size(), timesteps.size()) << what;
  expect_near(ours.initial_scale, theirs["initial"], what + ", initial");
  for (size_t i = 0; i < timesteps.size(); ++i) {
    const std::string step = what + ", step " + std::to_string(i);
    expect_near(ours.rows[i].timestep, timesteps[i], step + ", timestep");
    expect_near(ours.rows[i].input_scale, 1 / std::sqrt(sigmas[i] * sigmas[i] + 1), step);
  }
}

TEST_F(EulerTest, has_diffusers_tables_for_every_option) {
  const Json golden = read_json(ALLAPRIMA_TEST_DATA "/step_tables.json");
  ASSERT_GE(golden["cases"].size(), 25u);
  for (const Json& one : golden["cases"]) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "scheduler_config.json") << one["config"];
    const SchedulerConfig c = SchedulerConfig::read(folder_);
    for (const Json& table : one["tables"]) {
      const int64_t steps = table["steps"];
      const std::string what = one["config"].dump() + ", " + std::to_string(steps) + " steps";
      const StepTable ours = euler_table(c, steps);
      expect_table(ours, table, what);
      for (size_t i = 0; i < ours.rows.size(); ++i) {
        const double sigma = table["sigmas"][i], next = table["sigmas"][i + 1];
        const auto type = one["config"].value("prediction_type", "epsilon");
        const double x = 1.7, m = -0.4, expected = reference_step(type, x, m, sigma, next);
        const StepRow& row = ours.rows[i];
        EXPECT_NEAR(x * row.latent_factor + m * row.prediction_factor, expected,
                    3e-6 * (std::abs(x) + std::abs(sigma * m) + std::abs(next * m)))
            << what << ", step " << i;
      }
    }
  }
}

TEST(SigmaCurves, has_the_quantiles_of_the_beta_distribution) {
  // I_x(1, 1) = x; I_x(½, ½) = 2/π · asin √x; of Beta(0.6, 0.6) by mpmath with 30 digits.
  EXPECT_NEAR(symmetric_beta_quantile(0.3, 1), 0.3, 1e-14);
  EXPECT_NEAR(symmetric_beta_quantile(0.2, 0.5), std::pow(std::sin(M_PI / 10), 2), 1e-14);
  EXPECT_NEAR(symmetric_beta_quantile(0.9, 0.5), std::pow(std::sin(0.45 * M_PI), 2), 1e-14);
  EXPECT_NEAR(symmetric_beta_quantile(0.001, 0.6) / 1.85587385174519965e-5, 1, 1e-12);
  EXPECT_NEAR(symmetric_beta_quantile(0.2, 0.6), 0.122921750458332911, 1e-14);
  EXPECT_NEAR(symmetric_beta_quantile(0.75, 0.6), 0.824319621347304985, 1e-14);
  EXPECT_EQ(symmetric_beta_quantile(0, 0.6), 0);
  EXPECT_EQ(symmetric_beta_quantile(1, 0.6), 1);
}

TEST_F(EulerTest, refuses_what_would_change_the_picture_by_name_and_value) {
  const auto expect_says = [&](const std::string& changes, const std::string& words) {
    const std::string found = refusal(changes);
    EXPECT_NE(found.find(words), std::string::npos) << found;
  };
  expect_says(R"(,"prediction_type":"flow")", "'flow' is not supported; these are: epsilon, v_pre");
  expect_says(R"(,"timestep_spacing":"even")", "'even' is not supported; these are: leading");
  expect_says(R"(,"interpolation_type":"cubic")", "'cubic'");
  expect_says(R"(,"final_sigmas_type":"one")", "'one'");
  expect_says(R"(,"timestep_type":"dotted")", "'dotted'");
  expect_says(R"(,"beta_schedule":"sigmoid")", "'sigmoid'");
  expect_says(R"(,"use_karras_sigmas":true,"use_beta_sigmas":true)", "'use_beta_sigmas' is true");
  expect_says(R"(,"use_karras_sigmas":"yes")", "'use_karras_sigmas' has the unexpected value");
  expect_says(R"(,"sigma_min":0)", "'sigma_min' is 0");
  expect_says(R"(,"trained_betas":[0.1,1.5])", "'trained_betas' holds 1.5");
  expect_says(R"(,"trained_betas":[1e-12,0.1])", "give a noise level of 0");
  expect_says(R"(,"trained_betas":[0.1])", "'trained_betas' has 1 entries");
  expect_says(R"(,"interpolation_type":"log_linear","timestep_type":"continuous",)"
              R"("prediction_type":"v_prediction")",
              "log_linear");
  EXPECT_NE(refusal(R"(,"num_train_timesteps":"many")").find("'num_train_timesteps' is \"many\""),
            std::string::npos);
  EXPECT_EQ(refusal(R"(,"sample_max_value":1.0)"), "accepted");
}

TEST_F(EulerTest, refuses_no_steps_and_more_than_were_trained) {
  EXPECT_THROW(euler_table(config(), 0), Error);
  EXPECT_THROW(euler_table(config(), 1001), Error);
  EXPECT_EQ(euler_table(config(), 1).rows.size(), 1u);
  EXPECT_EQ(euler_table(config(), 1000).rows.size(), 1000u);
}

}  // namespace
}  // namespace allaprima::sampling
