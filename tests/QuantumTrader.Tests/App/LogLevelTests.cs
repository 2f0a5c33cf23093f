namespace QuantumTrader.Tests.App;

public sealed class LogLevelTests
{
    [Theory]
    [InlineData("debug", true, true)]
    [InlineData("info", true, false)]
    [InlineData("warning", false, false)]
    public void A_run_says_as_much_as_its_switch_asks_for(string level, bool saysThatItRuns, bool saysSwitches)
    {
        using var process = Qt.Start([("LOG_LEVEL", level)], "run", Path.Combine(Qt.Root, "pipelines", "demo.yml"), "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.01");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit(60_000).ShouldBeTrue();
        output.Result.ShouldNotBeEmpty();

        error.Contains("Running demo", StringComparison.Ordinal).ShouldBe(saysThatItRuns, error);
        error.Contains($"LOG_LEVEL is {level}", StringComparison.Ordinal).ShouldBe(saysSwitches, error);
    }
}
