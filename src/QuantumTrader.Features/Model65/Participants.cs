namespace QuantumTrader.Features.Model65;

/// <summary>One participant's part in a side: how much of the ranking window and of the open candle is his.</summary>
internal sealed class Role(Participant owner)
{
    public readonly Participant Owner = owner;

    /// <summary>Quantity in the ranking window.</summary>
    public long Ranked;

    /// <summary>Trades in the active window.</summary>
    public int Active;

    /// <summary>Quantity in the open candle.</summary>
    public long InCandle;

    /// <summary>The open candle's list holds it.</summary>
    public bool IsListed;

    /// <summary>Place in the ranking; -1 when not ranked.</summary>
    public int Place = -1;
}

/// <summary>A participant while any window holds a trade of his.</summary>
internal sealed class Participant
{
    public Participant()
    {
        Buying = new Role(this);
        Selling = new Role(this);
    }

    public int Id;

    /// <summary>Rows and candle lists that refer to him.</summary>
    public int Uses;

    /// <summary>Times that he stands in the trades of the turnover window.</summary>
    public int Recent;

    public readonly Role Buying;
    public readonly Role Selling;
}

/// <summary>The participants that some window knows. Those that none knows any more are used again for the next new ones.</summary>
internal sealed class Participants
{
    private readonly Dictionary<int, Participant> _known = [];
    private readonly Stack<Participant> _free = new();

    /// <summary>The participant with this id, once more in use; null for 0, which stands for nobody known.</summary>
    public Participant? Use(int id)
    {
        if (id == 0)
        {
            return null;
        }

        if (!_known.TryGetValue(id, out var participant))
        {
            participant = _free.TryPop(out var free) ? free : new Participant();
            participant.Id = id;
            _known.Add(id, participant);
        }

        participant.Uses++;
        return participant;
    }

    public void Release(Participant? participant)
    {
        if (participant is not null && --participant.Uses == 0)
        {
            _known.Remove(participant.Id);
            _free.Push(participant);
        }
    }
}

/// <summary>Participants by the quantity of their trades in the ranking window, largest first, ties by lower id.</summary>
internal sealed class Ranking
{
    private Role[] _roles = new Role[64];

    /// <summary>Participants with a quantity above 0.</summary>
    public int Count { get; private set; }

    public Role this[int place] => _roles[place];

    // One trade moves a participant past few others, so walking beats a tree; never further than the window has trades.
    public void Change(Role role, long quantity)
    {
        role.Ranked += quantity;
        if (role.Place < 0)
        {
            if (role.Ranked <= 0)
            {
                return;
            }

            if (Count == _roles.Length)
            {
                Array.Resize(ref _roles, 2 * Count);
            }

            role.Place = Count++;
        }

        var roles = _roles;
        var place = role.Place;
        for (; place > 0 && IsBefore(role, roles[place - 1]); place--)
        {
            roles[place] = roles[place - 1];
            roles[place].Place = place;
        }

        for (; place + 1 < Count && IsBefore(roles[place + 1], role); place++)
        {
            roles[place] = roles[place + 1];
            roles[place].Place = place;
        }

        roles[place] = role;
        role.Place = place;
        if (role.Ranked <= 0)
        {
            Count--; // nobody stands behind a quantity of 0
            role.Place = -1;
        }
    }

    private static bool IsBefore(Role a, Role b) => a.Ranked != b.Ranked ? a.Ranked > b.Ranked : a.Owner.Id < b.Owner.Id;
}

/// <summary>The traders of the open candle on one side.</summary>
internal sealed class CandleRoles(Participants participants)
{
    private readonly List<Role> _roles = [];

    public void Add(Role role, long quantity)
    {
        role.InCandle += quantity;
        if (!role.IsListed)
        {
            role.IsListed = true;
            role.Owner.Uses++;
            _roles.Add(role);
        }
    }

    /// <summary>Empties the list and returns the id with the largest quantity, ties by lower id; 0 when there is none.</summary>
    public int Close()
    {
        Role? largest = null;
        foreach (var role in _roles)
        {
            if (role.InCandle > 0 && (largest is null || role.InCandle > largest.InCandle || (role.InCandle == largest.InCandle && role.Owner.Id < largest.Owner.Id)))
            {
                largest = role;
            }
        }

        var id = largest?.Owner.Id ?? 0;
        foreach (var role in _roles)
        {
            role.InCandle = 0;
            role.IsListed = false;
            participants.Release(role.Owner);
        }

        _roles.Clear();
        return id;
    }
}
