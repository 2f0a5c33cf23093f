namespace QuantumTrader.Market;

/// <summary>
/// Puts book messages together from headers and levels, each symbol's for itself. It remembers what of them was lost: what a book builds on
/// a loss would be wrong, so the header in question is marked <see cref="EventFlags.Gap"/>.
/// </summary>
/// <param name="symbols">Numbers of symbols, 0 included.</param>
/// <param name="torn">Told of a message that has no end.</param>
internal sealed class BookAssembly(int symbols, Action<BookMessage> torn)
{
    private readonly State[] _states = [.. Enumerable.Range(0, symbols).Select(_ => new State())];

    /// <summary>The message of a symbol whose levels are coming; null when there is none.</summary>
    public BookMessage? OpenOf(int symbol) => _states[symbol].Open;

    /// <summary>Goes on with the levels of a message that has only its header.</summary>
    public void Begin(BookMessage message)
    {
        ref var header = ref message.Header;
        CloseTorn(header.Symbol);
        var state = _states[header.Symbol];
        message.IsWhole = header.Has(EventFlags.EndOfMessage);
        if (state.HasGap && header.Kind == EventKind.BookUpdate)
        {
            header.Flags |= EventFlags.Gap;
        }

        state.HasGap = false;
        state.Losing = null;
        state.Open = message.IsWhole ? null : message;
    }

    /// <summary>Ends the message of a symbol.</summary>
    public void Close(int symbol)
    {
        var message = _states[symbol].Open!;
        message.Events[^1].Flags |= EventFlags.EndOfMessage;
        message.IsWhole = true;
        _states[symbol].Open = null;
    }

    /// <summary>Ends the message of a symbol, if there is one, as incomplete.</summary>
    public void CloseTorn(int symbol)
    {
        if (_states[symbol].Open is { } message)
        {
            message.Header.Flags |= EventFlags.Gap;
            torn(message);
            Close(symbol);
        }
    }

    /// <summary>Ends all messages as incomplete.</summary>
    public void CloseAll()
    {
        for (var symbol = 0; symbol < _states.Length; symbol++)
        {
            CloseTorn(symbol);
        }
    }

    /// <summary>A header is lost, so its levels are too, and what follows cannot build on them.</summary>
    public void Lose(in MarketEvent header, string reason)
    {
        CloseTorn(header.Symbol);
        _states[header.Symbol].Lose(in header, header.Has(EventFlags.EndOfMessage) ? null : reason);
    }

    /// <summary>A message that may still be open is lost.</summary>
    public void Lose(BookMessage message, string reason)
    {
        ref var header = ref message.Header;
        var state = _states[header.Symbol];
        var isOpen = state.Open == message;
        state.Open = isOpen ? null : state.Open;
        state.Lose(in header, isOpen ? reason : state.Losing);
    }

    /// <summary>A level without an open message is lost; returns why.</summary>
    public string LoseLevel(in MarketEvent level)
    {
        var state = _states[level.Symbol];
        if (state.Losing is { } reason)
        {
            state.Losing = level.Has(EventFlags.EndOfMessage) ? null : reason;
            return reason;
        }

        state.HasGap = true;
        return "torn_message";
    }

    /// <summary>Remembers that a message went on.</summary>
    public void Released(BookMessage message) => _states[message.Header.Symbol].ReleasedTime = message.OwnTime;

    /// <summary>True when no newer message of the symbol went on.</summary>
    public bool IsNext(in MarketEvent header) => header.EventTime >= _states[header.Symbol].ReleasedTime;

    private sealed class State
    {
        public BookMessage? Open { get; set; }

        /// <summary>Why the levels that are coming are dropped; null when they are not.</summary>
        public string? Losing { get; set; }

        /// <summary>Something without update ids was lost, which the next update must tell the book.</summary>
        public bool HasGap { get; set; }

        /// <summary>The feed's own time of the last message that went on.</summary>
        public long ReleasedTime { get; set; }

        public void Lose(in MarketEvent header, string? losing)
        {
            Losing = losing;
            HasGap |= header.Kind == EventKind.BookUpdate && header.LastUpdateId == 0;
        }
    }
}
