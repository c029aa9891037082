"""First schema."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("credential", models.BinaryField(max_length=64)),
                ("person", models.TextField(unique=True)),
                ("why", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("kind", models.PositiveSmallIntegerField()),
                ("reference", models.BinaryField(max_length=32)),
                ("reason", models.PositiveSmallIntegerField()),
                ("text", models.TextField()),
                ("decision", models.BinaryField()),
                ("signatures", models.BinaryField(null=True)),
                ("at_ms", models.PositiveBigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "reference"), name="one_ruling")],
            },
        ),
    ]
