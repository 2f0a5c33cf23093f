using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class InterpolationTests
{
    [Theory]
    [InlineData("${A}", "one")]
    [InlineData("x${A}y${A}", "xoneyone")]
    [InlineData("${B:-two}", "two")]
    [InlineData("${EMPTY:-two}", "two")]
    [InlineData("${EMPTY}", "")]
    [InlineData("$${A}", "${A}")]
    [InlineData("$5 $A", "$5 $A")]
    [InlineData("${B:-a:b}", "a:b")]
    public void A_reference_is_replaced_by_the_variable_or_its_default(string text, string expected) =>
        File(text, new() { ["A"] = "one", ["EMPTY"] = "" }).ShouldBe(expected);

    [Fact]
    public void A_number_may_come_from_the_environment()
    {
        var text = Sample.With("feed: { type: test.source, rate: '${RATE}', loop: '${LOOP}' }", "log: { type: test.log, from: feed }");
        var options = Sample.Plan(text, environment: new() { ["RATE"] = "33", ["LOOP"] = "true" })["feed"].Options.ShouldBeOfType<TestSourceOptions>();
        options.Rate.ShouldBe(33);
        options.Loop.ShouldBeTrue();
    }

    [Fact]
    public void A_variable_that_is_not_set_is_a_finding() =>
        Sample.Findings(Sample.With("feed: { type: test.source, file: \"${NOBODY}\" }", "log: { type: test.log, from: feed }")).ShouldHaveSingleItem()
            .ShouldBe("p.yml:5:36: QT0020 blocks.feed.file: the environment variable NOBODY is not set. Set it, or write ${NOBODY:-default}.");

    [Fact]
    public void A_malformed_reference_is_a_finding() =>
        Sample.Findings(Sample.With("feed: { type: test.source, file: \"${NO-BODY\" }", "log: { type: test.log, from: feed }")).ShouldHaveSingleItem().ShouldContain("QT0021");

    [Theory]
    [InlineData("rate: '${SECRET}'")]
    [InlineData("speed: '${SECRET}'")]
    [InlineData("loop: '${SECRET}'")]
    [InlineData("parallelism: '${SECRET}'")]
    [InlineData("limit: '${SECRET}'")]
    [InlineData("from: '${SECRET}'")]
    public void Findings_never_print_what_was_interpolated(string option)
    {
        foreach (var secret in new[] { "as_recordet", "7777777777", "77", "lof" })
        {
            var findings = Sample.Findings(Sample.With($"feed: {{ type: test.source, {option} }}", "log: { type: test.log, from: feed }"), environment: new() { ["SECRET"] = secret });
            findings.ShouldAllBe(f => !f.Contains(secret, StringComparison.Ordinal) && !f.Contains("Did you mean", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void An_interpolated_value_is_text_whatever_it_looks_like() => File("${A}", new() { ["A"] = "[x, y]: {z: null}" }).ShouldBe("[x, y]: {z: null}");

    private static string File(string text, Dictionary<string, string> environment) =>
        Sample.Plan(Sample.With($"feed: {{ type: test.source, file: \"{text}\" }}", "log: { type: test.log, from: feed }"), environment: environment)["feed"]
            .Options.ShouldBeOfType<TestSourceOptions>().File;
}
