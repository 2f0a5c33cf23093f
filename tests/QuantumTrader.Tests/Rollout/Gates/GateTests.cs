using QuantumTrader.App.Benchmarks;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Gates;

namespace QuantumTrader.Tests.Rollout.Gates;

public sealed class GateTests
{
    private const int Streams = 300;

    // Three standard deviations of the share of streams above alpha.
    private static readonly double MostFalseAborts = 0.01 + (3 * Math.Sqrt(0.01 * 0.99 / Streams));

    [Fact]
    public void A_candidate_at_the_margin_is_rarely_aborted_however_often_one_looks() =>
        GateTrials.Betting(0.01, Streams).Aborted.ShouldBeLessThanOrEqualTo(MostFalseAborts);

    [Fact]
    public void The_usual_test_aborts_ten_times_as_many_when_it_is_looked_at_often() =>
        GateTrials.PeekedTest(0.01, Streams).Aborted.ShouldBeGreaterThan(0.08);

    [Fact]
    public void Errors_in_bursts_abort_nobody_when_blocks_are_longer_than_bursts()
    {
        GateTrials.Betting(0.01, Streams, burst: 50, block: 500).Aborted.ShouldBeLessThanOrEqualTo(MostFalseAborts);
        GateTrials.Betting(0.01, 100, burst: 50).Aborted.ShouldBeGreaterThan(0.2);
    }

    [Theory]
    [InlineData(0.02, 1000, 2100)]
    [InlineData(0.05, 100, 190)]
    [InlineData(0.20, 8, 25)]
    public void A_bad_candidate_is_aborted_soon(double rate, double least, double most)
    {
        var trials = GateTrials.Betting(rate, 150);
        trials.Aborted.ShouldBe(1);
        trials.MedianOperations.ShouldBeInRange(least, most);
    }

    [Fact]
    public void A_candidate_without_errors_passes_and_one_at_the_margin_does_not()
    {
        GateTrials.Betting(0, 1, operations: 5000).MedianPass.ShouldBeInRange(400, 800);
        GateTrials.Betting(0.01, 50, operations: 5000).MedianPass.ShouldBe(5000);
    }

    [Fact]
    public void A_gate_that_saw_nothing_has_not_passed()
    {
        foreach (var metric in Enum.GetValues<GateMetric>())
        {
            Make(metric).Read().Verdict.ShouldBe(GateVerdict.Inconclusive);
        }
    }

    [Fact]
    public void Comparisons_that_fail_are_no_observations()
    {
        var gate = Make(GateMetric.MismatchRate);
        for (var i = 0; i < 100_000; i++)
        {
            gate.Compared(Outcome.CompareError);
        }

        gate.Read().ShouldSatisfyAllConditions(r => r.Verdict.ShouldBe(GateVerdict.Inconclusive), r => r.Samples.ShouldBe(0), r => r.Value.ShouldBe(double.NaN));
    }

    [Fact]
    public void A_margin_over_noise_needs_to_know_the_noise()
    {
        var (silent, known) = (Make(GateMetric.MismatchRate, over: "noise"), Make(GateMetric.MismatchRate, over: "noise"));
        for (var i = 0; i < 200_000; i++)
        {
            known.Noise(i % 20 != 0);
        }

        for (var i = 0; i < 20_000; i++)
        {
            // 5 % of mismatches, which is what the baseline has with itself.
            silent.Compared(i % 20 == 0 ? Outcome.Mismatch : Outcome.Match);
            known.Compared(i % 20 == 0 ? Outcome.Mismatch : Outcome.Match);
        }

        silent.Read().Verdict.ShouldBe(GateVerdict.Inconclusive);
        known.Read().Verdict.ShouldNotBe(GateVerdict.Failed);
        known.Read().Limit.ShouldBeInRange(0.06, 0.065);
    }

    [Fact]
    public void A_share_that_is_not_the_one_asked_for_holds_the_phase()
    {
        var (right, wrong) = (Make(GateMetric.SampleRatio, share: 1000), Make(GateMetric.SampleRatio, share: 1000));
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            Route(right, random.NextDouble() < 0.10);
            Route(wrong, random.NextDouble() < 0.13);
        }

        right.Read().Verdict.ShouldBe(GateVerdict.Passed);
        wrong.Read().Verdict.ShouldBe(GateVerdict.Failed);
        wrong.OnlyHolds.ShouldBeTrue();
    }

    [Fact]
    public void A_share_that_is_right_is_rarely_taken_for_wrong()
    {
        var alarms = Enumerable.Range(0, 300).Count(seed =>
        {
            var (gate, random) = (Make(GateMetric.SampleRatio, share: 1000, alpha: 0.01), new Random(seed));
            for (var i = 0; i < 3000; i++)
            {
                Route(gate, random.NextDouble() < 0.10);
            }

            return gate.Read().Verdict == GateVerdict.Failed;
        });

        alarms.ShouldBeLessThanOrEqualTo((int)(300 * MostFalseAborts));
    }

    [Theory]
    [InlineData(0, GateVerdict.Passed, false)]
    [InlineData(0.4, GateVerdict.Passed, true)]
    [InlineData(1, GateVerdict.Failed, true)]
    public void Scores_that_move_away_are_told_and_then_hold_the_phase(double shift, GateVerdict verdict, bool warns)
    {
        var (gate, random) = (Make(GateMetric.Psi), new Random(3));
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        for (var i = 0; i < 11_000; i++)
        {
            gate.Paired("score", Normal(), Normal() + shift);
            gate.Paired("other", 1, 100);
            gate.Paired("score", double.NaN, 1);
        }

        gate.Read().ShouldSatisfyAllConditions(r => r.Verdict.ShouldBe(verdict), r => r.Warns.ShouldBe(warns), r => r.Samples.ShouldBe(10_000));
        gate.OnlyHolds.ShouldBeTrue();
    }

    [Fact]
    public void A_gate_goes_on_where_it_was_saved()
    {
        foreach (var metric in Enum.GetValues<GateMetric>())
        {
            var (gate, random) = (Make(metric), new Random(5));
            Feed(gate, random, 3001);
            var restored = Make(metric);
            restored.Restore(gate.Save());

            restored.Read().ShouldBe(gate.Read());
            var (a, b) = (new Random(6), new Random(6));
            Feed(gate, a, 1000);
            Feed(restored, b, 1000);
            restored.Read().ShouldBe(gate.Read());
        }
    }

    private static void Feed(Gate gate, Random random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Route(gate, random.NextDouble() < 0.1);
            gate.Compared(random.NextDouble() < 0.005 ? Outcome.Mismatch : Outcome.Match);
            gate.Paired("score", random.NextDouble(), random.NextDouble());
        }
    }

    private static void Route(Gate gate, bool toCandidate)
    {
        if (toCandidate)
        {
            gate.Served(null);
        }
        else
        {
            gate.Kept(1);
        }
    }

    private static Gate Make(GateMetric metric, int share = 0, string? over = null, double alpha = 0.001)
    {
        var options = new GateOptions { Metric = metric, Max = new Share(100), Over = over, Field = "score", Block = 100, Alpha = alpha };
        return Gate.Of("gate", options, alpha, new RampStep(new Share(share), TimeSpan.Zero, 0, [("gate", options)], Approval.Auto, null));
    }
}
