using QuantumTrader.Models;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;

namespace QuantumTrader.Tests.Models;

public sealed class PredictionFormatTests : FormatContract<Prediction>
{
    protected override EventFormat<Prediction> Format { get; } = new PredictionFormat(Market);

    protected override Prediction Make(Dice dice) =>
        new(dice.Whole(), dice.Time(), dice.Symbol(), dice.Real(), dice.Real(), dice.Real(), dice.Real(), dice.Real(), dice.Name())
        {
            Regime = dice.Choice<RegimeClass>() is var kind and not RegimeClass.None ? new KnownRegime(kind, dice.Real(), dice.Choice<RangePlace>(), dice.Real(), dice.Real()) : default,
            IsStale = dice.Below(2) == 1,
        };

    [Fact]
    public void Predictions_of_two_models_from_one_vector_are_two_events()
    {
        var prediction = Make(new Dice(1)) with { Model = "fast" };
        Format.AddressOf(prediction).Number.ShouldNotBe(Format.AddressOf(prediction with { Model = "enhanced" }).Number);
    }
}
