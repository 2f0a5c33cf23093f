namespace QuantumTrader.App.Alerting;

/// <summary>
/// Decides what fires. A rule fires once when it is met about a subject, and not again before it was over and its cool-down has passed; a
/// rule that is met within its cool-down fires when that has passed, if it is still met.
/// </summary>
internal sealed class AlertBook
{
    /// <summary>Alerts that are remembered.</summary>
    public const int MaxHistory = 1000;

    /// <summary>Subjects, over all rules, that are watched at a time; a rule on something endless must not fill the memory.</summary>
    public const int MaxSubjects = 1000;

    private readonly string _pipeline;
    private readonly Dictionary<(string Rule, string Subject), Condition> _conditions = [];
    private readonly Dictionary<string, DateTimeOffset> _fired;
    private readonly Queue<RaisedAlert> _history;
    private readonly Lock _gate = new();
    private long _lastId;
    private long _suppressed;
    private long _untracked;

    /// <summary>Goes on where an earlier run ended.</summary>
    public AlertBook(string pipeline, AlertState state)
    {
        _pipeline = pipeline;
        _lastId = state.LastId;
        _fired = new Dictionary<string, DateTimeOffset>(state.Fired, StringComparer.Ordinal);
        _history = new Queue<RaisedAlert>(state.History);
    }

    /// <summary>Number of the newest alert.</summary>
    public long LastId => Volatile.Read(ref _lastId);

    /// <summary>Takes a rule's readings of a moment, and gives what fires now.</summary>
    public IReadOnlyList<RaisedAlert> Check(AlertRule rule, Look look)
    {
        lock (_gate)
        {
            var fired = new List<RaisedAlert>();
            foreach (var reading in rule.Read(look))
            {
                if (IsDue(rule, reading, look.Now))
                {
                    fired.Add(Fire(rule, reading, look.Now));
                }
            }

            return fired;
        }
    }

    /// <summary>What happened elsewhere and is an alert by itself; null while the rule is silent about this subject.</summary>
    public RaisedAlert? Raise(AlertRule rule, Reading reading, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (IsSilent(rule, reading, now))
            {
                _suppressed++;
                return null;
            }

            return Fire(rule, reading, now);
        }
    }

    /// <summary>What is so now, what fired, and how much of it.</summary>
    public AlertOverview Overview()
    {
        lock (_gate)
        {
            return new AlertOverview(
                [.. _conditions.Values.Select(c => c.Told).OfType<RaisedAlert>().OrderBy(a => a.Id)],
                [.. _history.Reverse()],
                new SortedDictionary<string, int>(_history.GroupBy(a => a.Severity.ToString().ToLowerInvariant()).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal),
                new SortedDictionary<string, int>(_history.GroupBy(a => a.Rule).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal),
                _suppressed,
                _untracked);
        }
    }

    /// <summary>What the next run has to know.</summary>
    public AlertState ToState()
    {
        lock (_gate)
        {
            return new AlertState { LastId = _lastId, Fired = new SortedDictionary<string, DateTimeOffset>(_fired, StringComparer.Ordinal), History = [.. _history] };
        }
    }

    private bool IsDue(AlertRule rule, Reading reading, DateTimeOffset now)
    {
        var key = (rule.Name, reading.Subject);
        if (!rule.IsMet(reading.Value))
        {
            _conditions.Remove(key);
            return false;
        }

        if (!_conditions.TryGetValue(key, out var condition))
        {
            if (_conditions.Count >= MaxSubjects)
            {
                _untracked++;
                return false;
            }

            _conditions[key] = condition = new Condition(now);
            if (IsSilent(rule, reading, now))
            {
                _suppressed++;
            }
        }

        return condition.Told is null && now - condition.Since >= rule.For && !IsSilent(rule, reading, now);
    }

    private bool IsSilent(AlertRule rule, Reading reading, DateTimeOffset now) =>
        _fired.TryGetValue(KeyOf(rule.Name, reading.Subject), out var last) && now - last < rule.CoolDown;

    private RaisedAlert Fire(AlertRule rule, Reading reading, DateTimeOffset now)
    {
        var alert = new RaisedAlert(++_lastId, now, _pipeline, rule.Name, reading.Subject, rule.Severity, reading.Words, reading.Value, rule.Limit);
        _fired[KeyOf(rule.Name, reading.Subject)] = now;
        if (_fired.Count > 2 * MaxSubjects)
        {
            _fired.Remove(_fired.MinBy(f => f.Value).Key);
        }

        if (_conditions.TryGetValue((rule.Name, reading.Subject), out var condition))
        {
            condition.Told = alert;
        }

        _history.Enqueue(alert);
        if (_history.Count > MaxHistory)
        {
            _history.Dequeue();
        }

        return alert;
    }

    private static string KeyOf(string rule, string subject) => $"{rule} {subject}";

    private sealed class Condition(DateTimeOffset since)
    {
        public DateTimeOffset Since { get; } = since;

        public RaisedAlert? Told { get; set; }
    }
}

/// <summary>The alerts of a run, at one moment.</summary>
/// <param name="Active">What is still so, oldest first.</param>
/// <param name="History">What fired, newest first.</param>
/// <param name="BySeverity">How many of the history, by severity.</param>
/// <param name="ByRule">How many of the history, by rule.</param>
/// <param name="Suppressed">Times that a rule was met again within its cool-down.</param>
/// <param name="Untracked">Readings that were not watched, because there were too many subjects.</param>
internal sealed record AlertOverview(
    IReadOnlyList<RaisedAlert> Active, IReadOnlyList<RaisedAlert> History,
    IReadOnlyDictionary<string, int> BySeverity, IReadOnlyDictionary<string, int> ByRule, long Suppressed, long Untracked);
