using QuantumTrader.Models;

namespace QuantumTrader.Tests.Models;

public sealed class AnswerReaderTests
{
    private static AnswerReader Reader(string[] classes, params ModelOutput[] outputs) =>
        new(OnnxFixture.ManifestOf([]) with { Classes = classes, Outputs = outputs });

    private static ModelOutput Output(OutputRole role, int columns, ScoreTransform apply = ScoreTransform.None) =>
        new(role.ToString(), role == OutputRole.Label ? ElementType.Int64 : ElementType.Double, [-1, columns], role) { Apply = apply };

    [Fact]
    public void Scores_become_probabilities_by_softmax_without_overflow()
    {
        var reader = Reader(["down", "flat", "up"], Output(OutputRole.Score, 3, ScoreTransform.Softmax));
        reader.Read([0, Math.Log(2), Math.Log(5)], out var forecast).ShouldBeNull();
        (forecast.Down, forecast.Up).ShouldBe((0.125, 0.625));
        reader.Read([-1e6, 0, 1e6], out forecast).ShouldBeNull();
        (forecast.Down, forecast.Up, forecast.Direction).ShouldBe((0, 1, 1));
    }

    [Fact]
    public void One_score_becomes_a_probability_by_sigmoid()
    {
        var reader = Reader(["up"], Output(OutputRole.Score, 1, ScoreTransform.Sigmoid));
        reader.Read([Math.Log(3)], out var forecast).ShouldBeNull();
        forecast.Up.ShouldBe(0.75, 1e-15);
        forecast.Down.ShouldBe(0.25, 1e-15);
        reader.Read([-1e6], out forecast).ShouldBeNull();
        forecast.Up.ShouldBe(0);
    }

    [Fact]
    public void A_return_beside_probabilities_only_gives_the_magnitude()
    {
        var reader = Reader(["up"], Output(OutputRole.Return, 1) with { Scale = 0.0001 }, Output(OutputRole.Probability, 1));
        reader.Read([-25, 0.75], out var forecast).ShouldBeNull();
        forecast.ShouldBe(new Forecast(0.75, 0.25, 0.5, 0.0025));
    }

    [Theory]
    [InlineData(0.6, 1, 0.2)]
    [InlineData(0.6, 0, 0)]
    [InlineData(0.4, 0, -0.2)]
    [InlineData(0.4, 1, 0)]
    public void A_label_against_the_likelier_side_takes_the_direction_away(double up, long label, double direction)
    {
        Reader(["down", "up"], Output(OutputRole.Probability, 2), Output(OutputRole.Label, 1)).Read([1 - up, up, label], out var forecast).ShouldBeNull();
        forecast.Direction.ShouldBe(direction, 1e-15);
    }

    [Theory]
    [InlineData(double.NaN, "output_not_finite")]
    [InlineData(double.PositiveInfinity, "output_not_finite")]
    [InlineData(-0.01, "output_is_no_probability")]
    [InlineData(1.01, "output_is_no_probability")]
    [InlineData(1.0000001, null)]
    public void What_is_no_probability_is_refused_under_its_reason(double answer, string? reason)
    {
        Reader(["up"], Output(OutputRole.Probability, 1)).Read([answer], out var forecast).ShouldBe(reason);
        forecast.Up.ShouldBe(reason is null ? 1 : 0);
    }
}
