using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;

namespace QuantumTrader.Tests.Pipelines;

/// <summary>Durations and percentages, on the section that has both.</summary>
public sealed class OptionShapeTests
{
    private static readonly BlockRegistry Registry = BlockRegistry.Scan([typeof(Rollout.Feed).Assembly, typeof(RolloutSection).Assembly]);

    private static LoadResult Load(string phase) => new PipelineLoader(Registry).LoadText(
        $$"""
        version: 1
        pipeline: p
        blocks:
          feed: { type: rollout.feed }
          base: { type: rollout.answer, from: feed }
          keep: { type: rollout.keep, from: base }
        rollout:
          phases:
            - { name: new, candidate: { block: base }, {{phase}} }
        """,
        "p.yml", null, null, _ => null);

    private static PhaseOptions Bound(string phase)
    {
        var loaded = Load(phase);
        loaded.Findings.ShouldBeEmpty();
        return loaded.Plan!.Sections.Select(s => s.Options).OfType<RolloutOptions>().Single().Phases[0];
    }

    [Theory]
    [InlineData("3ms", 0.003)]
    [InlineData("30s", 30)]
    [InlineData("1.5m", 90)]
    [InlineData("4h", 14_400)]
    [InlineData("1d", 86_400)]
    public void A_duration_is_a_number_with_its_unit(string text, double seconds) =>
        Bound($"serve: {{ deadline: {text} }}").Serve.Deadline.ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1e3s")]
    [InlineData("1 y")]
    [InlineData("99999d")]
    public void Anything_else_is_no_duration(string text) =>
        Load($"serve: {{ deadline: {text} }}").Findings.ShouldHaveSingleItem().ToString().ShouldStartWith("p.yml:9:67: QT0206 rollout.phases[0].serve.deadline: ");

    [Fact]
    public void A_number_that_may_be_left_out_has_its_range_all_the_same()
    {
        Bound("breaker: { consecutive: 5 }").Breaker!.FallbacksPerHour.ShouldBeNull();
        Bound("breaker: { fallbacks_per_hour: 5 }").Breaker!.FallbacksPerHour.ShouldBe(5);
        Load("breaker: { fallbacks_per_hour: 0 }").Findings.ShouldHaveSingleItem().ToString().ShouldContain("rollout.phases[0].breaker.fallbacks_per_hour: found '0'. Legal: a whole number, 1 to 1000000000");
    }

    [Theory]
    [InlineData("0%", 0)]
    [InlineData("0.25%", 25)]
    [InlineData("10 %", 1000)]
    [InlineData("100%", 10_000)]
    public void A_percentage_is_a_number_with_a_percent_sign(string text, int basisPoints) =>
        Bound($"shadow: {{ sample: {text} }}").Shadow.Sample.BasisPoints.ShouldBe(basisPoints);

    [Theory]
    [InlineData("10")]
    [InlineData("0.001%")]
    [InlineData("-1%")]
    [InlineData("100.01%")]
    [InlineData("ten%")]
    public void Anything_else_is_no_percentage(string text) =>
        Load($"shadow: {{ sample: {text} }}").Findings.ShouldHaveSingleItem().ToString().ShouldStartWith("p.yml:9:66: QT0207 rollout.phases[0].shadow.sample: ");

    [Fact]
    public void The_schema_knows_both()
    {
        var phase = JsonNode.Parse(JsonSchema.Generate(Registry))!["properties"]!["rollout"]!["properties"]!["phases"]!["items"]!["properties"]!;
        var duration = phase["serve"]!["properties"]!["deadline"]!.ToJsonString();
        var share = phase["shadow"]!["properties"]!["sample"]!.ToJsonString();

        Patterns(duration).ShouldContain(p => Regex.IsMatch("1.5m", p) && !Regex.IsMatch("1.5", p));
        Patterns(share).ShouldContain(p => Regex.IsMatch("0.25%", p) && !Regex.IsMatch("0.25", p));

        static IEnumerable<string> Patterns(string json) => Regex.Matches(json, "\"pattern\":(\"(?:[^\"\\\\]|\\\\.)*\")").Select(m => JsonNode.Parse(m.Groups[1].Value)!.GetValue<string>());
    }
}
