using QuantumTrader.Dataflow;

namespace QuantumTrader.Market.Sources;

/// <summary>Sends a message on.</summary>
internal delegate void SendMessage(Span<MarketEvent> message, Output<MarketEvent> output);

/// <summary>
/// Loses, repeats, delays and spoils messages on their way out. It has random numbers of its own, so that the market behind it stays the
/// same whatever the faults are.
/// </summary>
internal sealed class SimulatedFaults(SimulatorOptions options, SendMessage send)
{
    private const int DelayInMessages = 3;

    private readonly StableRandom _random = new(unchecked((ulong)~options.Seed));
    private readonly bool _hasFaults = options.Gap + options.Duplicate + options.Late + options.Bad > 0;
    private MarketEvent[] _held = [];
    private int _messagesToGo;

    public long Lost { get; private set; }

    public long Repeated { get; private set; }

    public long Delayed { get; private set; }

    public long Spoiled { get; private set; }

    public void Send(Span<MarketEvent> message, Output<MarketEvent> output)
    {
        if (_hasFaults)
        {
            SendWithFaults(message, output);
        }
        else
        {
            send(message, output);
        }
    }

    /// <summary>Sends what is still held back.</summary>
    public void Finish(Output<MarketEvent> output)
    {
        send(_held, output);
        _held = [];
    }

    private void SendWithFaults(Span<MarketEvent> message, Output<MarketEvent> output)
    {
        if (_random.Chance(options.Gap))
        {
            Lost++;
            return;
        }

        if (_random.Chance(options.Bad))
        {
            Spoiled++;
            Spoil(ref message[^1]);
        }

        if (_random.Chance(options.Late) && _held.Length == 0)
        {
            Delayed++;
            _held = message.ToArray();
            _messagesToGo = DelayInMessages;
            return;
        }

        send(message, output);
        if (_random.Chance(options.Duplicate))
        {
            Repeated++;
            send(message, output);
        }

        if (_held.Length > 0 && --_messagesToGo == 0)
        {
            Finish(output);
        }
    }

    private void Spoil(ref MarketEvent value)
    {
        if (_random.Below(2) == 0)
        {
            value.Price = -value.Price;
        }
        else
        {
            value.Quantity = -value.Quantity - 1;
        }
    }
}
