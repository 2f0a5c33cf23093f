using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.Pipelines;
using QuantumTrader.Trading;

namespace QuantumTrader.Tests.Trading;

public sealed class SignalFormatTests : FormatContract<Signal>
{
    protected override EventFormat<Signal> Format { get; } = new SignalFormat(Market);

    protected override Signal Make(Dice dice) =>
        new(dice.Whole(), dice.Time(), dice.Symbol(), dice.Choice<Side>(), dice.Real(), dice.Real(), dice.Real(), dice.Name()) { StopTicks = dice.Whole(), TakeTicks = dice.Whole() };
}

public sealed class OrderFormatTests : FormatContract<OrderRequest>
{
    protected override EventFormat<OrderRequest> Format { get; } = new OrderFormat(Market);

    protected override OrderRequest Make(Dice dice) => new(dice.Whole(), dice.Time(), dice.Symbol(), dice.Choice<Side>(), dice.Scaled(), dice.Whole());
}

public sealed class FillFormatTests : FormatContract<Fill>
{
    protected override EventFormat<Fill> Format { get; } = new FillFormat(Market);

    protected override Fill Make(Dice dice) =>
        new(dice.Whole(), dice.Time(), dice.Symbol(), dice.Choice<Side>(), dice.Scaled(), dice.Scaled(), dice.Money(), dice.Whole(), dice.Scaled());

    [Fact]
    public void Parts_of_one_order_are_several_events()
    {
        var fill = Make(new Dice(1));
        Format.AddressOf(fill).Number.ShouldNotBe(Format.AddressOf(fill with { Remaining = fill.Remaining + 1 }).Number);
    }

    [Fact]
    public void A_fee_that_is_no_money_is_refused() =>
        Should.Throw<FieldException>(() => Format.Read(new TextFieldReader(new Dictionary<string, string> { ["fee"] = "a lot" }))).Message.ShouldBe("'a lot' is not an amount of money, such as 0.25.");
}
