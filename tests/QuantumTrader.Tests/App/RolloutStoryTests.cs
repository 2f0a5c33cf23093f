using System.Text.RegularExpressions;

namespace QuantumTrader.Tests.App;

/// <summary>A whole migration: four phases one behind the other, of which the last gets a model that turns bad while it serves half.</summary>
public sealed partial class RolloutStoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Pipeline(string last) => _folder.Write(
        "p.yml",
        "version: 1",
        "pipeline: migration",
        $"plugins: [{Path.Combine(AppContext.BaseDirectory, "RolloutBlocks.dll")}]",
        "market: { calendar: b3, symbols: [WDOU25, WINQ25] }",
        "blocks:",
        "  feed:     { type: rollout.feed, count: 100000 }",
        "  original: { type: rollout.answer, from: feed }",
        $"  enhanced: {{ type: rollout.answer, from: feed, by: enhanced, phase: enhanced, {last} }}",
        "  publish:  { type: rollout.keep, from: original, phase: publish }",
        "  store:    { type: rollout.keep, from: original, phase: store }",
        "  first:    { type: rollout.answer, from: feed }",
        "  second:   { type: rollout.answer, from: feed, by: second, phase: flow }",
        "  keep:     { type: rollout.keep, from: [original, first] }",
        "rollout:",
        "  state: { path: state }",
        "  phases:",
        "    - { name: publish, kind: effect, candidate: { block: publish }, start: auto, shadow: &wait { overload: wait, hang_after: 30s }, gates: &gates { errors: { metric: fallback_rate, max: 5%, block: 10 } }, steps: &steps [{ shadow: { min_samples: 500 } }, { serve: 10%, min_samples: 200, gates: [errors] }, { serve: 50%, min_samples: 500, gates: [errors] }, { serve: 100%, min_samples: 500, gates: [errors] }] }",
        "    - { name: store, kind: effect, candidate: { block: store }, requires: [publish], start: auto, shadow: *wait, gates: *gates, steps: *steps }",
        "    - { name: flow, baseline: { block: first }, candidate: { block: second }, requires: [store], start: auto, shadow: *wait, gates: *gates, steps: *steps }",
        "    - { name: enhanced, baseline: { block: original }, candidate: { block: enhanced }, requires: [flow], start: auto, rollback_level: 1, breaker: { failure_ratio: 50% }, shadow: *wait, gates: *gates, steps: *steps }");

    [Fact]
    public void Four_phases_and_a_model_that_turns_bad()
    {
        var bad = Pipeline("mode: drops, every: 3, after: 65000");
        Qt.Run("run", bad).Code.ShouldBe(0);
        var good = Pipeline("mode: good");
        Qt.Run("rollout", "retry", good, "enhanced", "--reason", "trained anew").Code.ShouldBe(0);
        Qt.Run("run", good).Code.ShouldBe(0);

        var told = Qt.Run("rollout", "history", good).Output;
        Time().Replace(told, "").ReplaceLineEndings("\n").ShouldBe(
            """
                1 auto began
                2 auto publish: off -> shadow (what it requires is complete)
                3 auto publish: shadow -> serving 10% (the step has all that it asks for)
                4 auto publish: serving 10% -> serving 50% (the step has all that it asks for)
                5 auto publish: serving 50% -> serving 100% (the step has all that it asks for)
                6 auto publish: serving 100% -> complete (the step has all that it asks for)
                7 auto store: off -> shadow (what it requires is complete)
                8 auto store: shadow -> serving 10% (the step has all that it asks for)
                9 auto store: serving 10% -> serving 50% (the step has all that it asks for)
               10 auto store: serving 50% -> serving 100% (the step has all that it asks for)
               11 auto store: serving 100% -> complete (the step has all that it asks for)
               12 auto flow: off -> shadow (what it requires is complete)
               13 auto flow: shadow -> serving 10% (the step has all that it asks for)
               14 auto flow: serving 10% -> serving 50% (the step has all that it asks for)
               15 auto flow: serving 50% -> serving 100% (the step has all that it asks for)
               16 auto flow: serving 100% -> complete (the step has all that it asks for)
               17 auto enhanced: off -> shadow (what it requires is complete)
               18 auto enhanced: shadow -> serving 10% (the step has all that it asks for)
               19 auto enhanced: serving 10% -> serving 50% (the step has all that it asks for)
               20 auto enhanced: serving 50% -> aborted (the gate 'errors' failed (n 650, 0.118462 against 0.05, E 115.68))
               21 auto stopped
               22 cli  enhanced: aborted -> shadow (trained anew)
               23 auto began
               24 auto enhanced: shadow -> serving 10% (the step has all that it asks for)
               25 auto enhanced: serving 10% -> serving 50% (the step has all that it asks for)
               26 auto enhanced: serving 50% -> serving 100% (the step has all that it asks for)
               27 auto enhanced: serving 100% -> complete (the step has all that it asks for)
               28 auto stopped

            """);
    }

    // When it was, on the clock of the wall.
    [GeneratedRegex(@"(?<=^ +[0-9]+ )\S+ ", RegexOptions.Multiline)]
    private static partial Regex Time();
}
