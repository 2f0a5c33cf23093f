using QuantumTrader.Dataflow;
using QuantumTrader.Features;

namespace QuantumTrader.Tests.Features;

public sealed class FeatureVectorTests
{
    private static readonly FeatureSchema Two = new("a", "b");

    private sealed class Numbers(int count) : Source<FeatureVector>
    {
        private int _made;

        public override bool Read(Output<FeatureVector> output, int limit, CancellationToken stop)
        {
            for (var i = 0; i < limit && _made < count; i++)
            {
                _made++;
                FeatureVector.Write(ref output.Next(), _made, _made, 1 + (_made % 8), Two, [_made, -_made], [3]);
            }

            return _made < count;
        }
    }

    [Partitioned]
    private sealed class Half : Operator<FeatureVector, FeatureVector>
    {
        public override void Process(Run<FeatureVector> run, Output<FeatureVector> output)
        {
            foreach (ref readonly var v in run)
            {
                (v.Values[0], v.Values[1]).ShouldBe((v.Sequence, -v.Sequence));
                if (v.Sequence % 3 != 0)
                {
                    FeatureVector.Write(ref output.Next(), v.Sequence, v.EventTime, v.Symbol, Two, v.Values, v.Warm);
                }
            }
        }
    }

    [Partitioned]
    private sealed class DropOdd : Filter<FeatureVector>
    {
        public override void Process(EditableRun<FeatureVector> run)
        {
            foreach (ref var v in run)
            {
                if (v.Sequence % 2 == 1)
                {
                    run.Drop("odd");
                }
            }
        }
    }

    private sealed class Check(bool keeps) : Observer<FeatureVector>
    {
        public List<FeatureVector> Collected { get; } = [];

        public long Seen { get; private set; }

        public override void Observe(Run<FeatureVector> run)
        {
            foreach (ref readonly var v in run)
            {
                (v.Values[0], v.Values[1]).ShouldBe((v.Sequence, -v.Sequence));
                Collected.Add(keeps ? FeatureVector.Keep(in v) : v);
                Seen++;
            }
        }
    }

    [Fact]
    public async Task Vectors_in_reused_batches_keep_their_values_on_every_way_through_a_graph()
    {
        // More vectors than the pool holds, so that every slot is written many times; the filter copies, edits in place and leaves holes.
        const int Count = 400_000;
        var (behindFilter, beside, inPlace) = (new Check(true), new Check(false), new Check(true));
        using var graph = new GraphBuilder(new EngineSettings { Batch = 16, Capacity = 1024 })
            .Add("source", new Numbers(Count))
            .Add("even", new DropOdd(), ["source"])
            .Add("beside", beside, ["source"])
            .Add("check", behindFilter, ["even"])
            .Add("again", new DropOdd(), ["even"], new BlockSettings { Boundary = true })
            .Add("last", inPlace, ["again"])
            .Build();
        var report = await graph.RunAsync();

        report.Fault.ShouldBeNull();
        (behindFilter.Seen, beside.Seen, inPlace.Seen).ShouldBe((Count / 2, Count, Count / 2));
        foreach (var kept in behindFilter.Collected.Concat(inPlace.Collected))
        {
            if (kept.Values[0] != kept.Sequence)
            {
                kept.Values[0].ShouldBe(kept.Sequence);
            }
        }

        // Held without Keep: the value it had, or an error that says what to do, but never another vector's value.
        var refused = 0;
        foreach (var held in beside.Collected)
        {
            try
            {
                if (held.Values[0] != held.Sequence)
                {
                    held.Values[0].ShouldBe(held.Sequence);
                }
            }
            catch (InvalidOperationException error)
            {
                if (refused++ == 0)
                {
                    error.Message.ShouldContain("FeatureVector.Keep");
                }
            }

            if (refused == 1000)
            {
                break;
            }
        }

        refused.ShouldBe(1000);
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 64)]
    [InlineData(3, 1024)]
    public async Task Vectors_keep_their_values_when_their_stream_is_split_and_gathered_again(int instances, int batch)
    {
        // A gathered batch is split, filtered in place and gathered once more, while another block still reads it.
        const int Count = 100_000;
        var (beside, end) = (new Check(true), new Check(true));
        var parallel = new BlockSettings { Parallelism = instances };
        using var graph = new GraphBuilder(new EngineSettings { Batch = batch, Capacity = 1024, Workers = 3 })
            .Add("source", new Numbers(Count))
            .Add("half", _ => new Half(), [("from", ["source"])], parallel)
            .Add("even", _ => new DropOdd(), [("from", ["half"])], parallel)
            .Add("beside", beside, ["half"], new BlockSettings { Boundary = true })
            .Add("again", _ => new Half(), [("from", ["even"])], parallel)
            .Add("end", end, ["again"])
            .Build();
        var report = await graph.RunAsync();

        (report.Fault, report.Balanced).ShouldBe((null, true));
        beside.Collected.Select(v => (double)v.Sequence).ShouldBe(beside.Collected.Select(v => v.Values[0]));
        end.Collected.Select(v => v.Sequence).ShouldBe(Enumerable.Range(1, Count).Where(n => n % 3 != 0 && n % 2 == 0).Select(n => (long)n));
    }

    [Fact]
    public void A_vector_that_owns_its_arrays_is_kept_as_it_is()
    {
        var vector = new FeatureVector(1, 2, 3, Two, [4, 5], [3]);
        FeatureVector.Keep(in vector).ShouldBe(vector);
        (vector.AllWarm, vector.IsWarm(1), vector.PartitionKey).ShouldBe((true, true, 3));
    }

    [Fact]
    public void Names_must_be_distinct_and_their_order_makes_the_hash()
    {
        Should.Throw<ArgumentException>(() => new FeatureSchema("a", "a"));
        new FeatureSchema("a", "b").Hash.ShouldBe(Two.Hash);
        new FeatureSchema("b", "a").Hash.ShouldNotBe(Two.Hash);
    }

    [Fact]
    public void Every_feature_of_the_catalogue_is_described_once()
    {
        var entries = FeatureCatalogue.Shipped.Entries;
        entries.Select(e => e.Block).ShouldContain("features.basic");
        entries.ShouldAllBe(e => e.Schema.Name.Length > 0 && e.Schema.Definitions.Count == e.Schema.Names.Count);
        entries.Select(e => e.Schema.Name).ShouldBeUnique();
        FeatureCatalogue.Shipped.Find("rsi_14")!.Value.Feature.Range.ShouldBe("[0, 100]");
        FeatureCatalogue.Shipped.Find("nothing").ShouldBeNull();
    }
}
