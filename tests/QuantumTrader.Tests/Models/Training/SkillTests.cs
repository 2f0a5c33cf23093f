using QuantumTrader.Models.Training;

namespace QuantumTrader.Tests.Models.Training;

public sealed class SkillTests
{
    private static LabelledRow[] Rows(int count, int span) => [.. Enumerable.Range(0, count).Select(i => new LabelledRow(i, i + span, 1, [], 0, 0, 0))];

    private static double[] Gains(int count, double mean, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => mean + random.NextDouble() - 0.5)];
    }

    [Fact]
    public void A_gain_of_four_standard_errors_is_no_luck_and_one_of_one_may_be()
    {
        // The deviation of a uniform number is 0.2887, so the standard error of 1000 is 0.0091.
        SkillTest.Run(Rows(1000, 1), Gains(1000, 0.0365, 3), 0.01, 1).Learned.ShouldBeTrue();
        SkillTest.Run(Rows(1000, 1), Gains(1000, 0.0091, 3), 0.01, 1).Learned.ShouldBeFalse();
    }

    [Fact]
    public void Gains_without_a_mean_are_called_a_skill_as_seldom_as_the_level_says()
    {
        // 200 tries at 5 % and at 1 %: 10 and 2 are expected; above 21 and 8 lies less than one try in a thousand.
        var p = Enumerable.Range(0, 200).Select(seed => SkillTest.Run(Rows(300, 1), Gains(300, 0, seed), 0.05, 1).PValue).ToArray();
        p.Count(x => x < 0.05).ShouldBeInRange(2, 21);
        p.Count(x => x < 0.01).ShouldBeLessThanOrEqualTo(8);
    }

    [Fact]
    public void Gains_that_hang_together_over_a_label_are_not_counted_as_many()
    {
        // Each value ten times over: as single rows they would seem ten times as many as they are.
        double[] Sticky(int seed) => [.. Gains(60, 0, seed).SelectMany(g => Enumerable.Repeat(g, 10))];
        var p = Enumerable.Range(0, 200).Select(seed => SkillTest.Run(Rows(600, 10), Sticky(seed), 0.05, 1).PValue).ToArray();
        p.Count(x => x < 0.01).ShouldBeLessThanOrEqualTo(10);
        SkillTest.Run(Rows(600, 0), Sticky(1), 0.05, 1).BlockRows.ShouldBe(9); // the cube root of 600
        SkillTest.Run(Rows(600, 10), Sticky(1), 0.05, 1).BlockRows.ShouldBe(20);
    }

    [Fact]
    public void Too_few_blocks_prove_nothing()
    {
        var skill = SkillTest.Run(Rows(100, 40), [.. Enumerable.Repeat(1.0, 100)], 0.01, 1);
        (skill.BlockRows, skill.PValue < 0.01, skill.Learned).ShouldBe((80, true, false));
        TrainingReport.Verdict(skill).ShouldContain("only 1 independent blocks");
    }

    [Fact]
    public void The_area_under_the_curve_counts_pairs_in_the_right_order()
    {
        // Pairs (rise, fall): 0.8 > 0.3, 0.8 > 0.5, 0.5 > 0.3, and 0.5 = 0.5 counts half: 3.5 of 4.
        Scores.Auc([0.8, 0.3, 0.5, 0.5], [true, false, true, false]).ShouldBe(0.875);
        Scores.Auc([0.1, 0.2], [true, true]).ShouldBeNull();

        // Of three classes the mean of each against the rest: 1, 1 and, with the pairs 0.6 > 0.1, 0.6 > 0.3, 1.
        Scores.Auc([[0.8, 0.1, 0.1], [0.1, 0.6, 0.3], [0.1, 0.3, 0.6]], [0, 1, 2]).ShouldBe(1);
    }

    [Fact]
    public void Brier_scores()
    {
        Scores.Brier([0.3, 0.7], 1).ShouldBe(0.09, 1e-12);
        Scores.Brier([0.3, 0.7], 0).ShouldBe(0.49, 1e-12);
        Scores.Brier([0.2, 0.3, 0.5], 2).ShouldBe(0.04 + 0.09 + 0.25, 1e-12);
    }
}
