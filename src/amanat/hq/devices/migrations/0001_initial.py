"""First schema."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                ("device", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("station", models.PositiveBigIntegerField(db_index=True)),
                ("roles", models.PositiveSmallIntegerField()),
                ("key", models.BinaryField(max_length=32, unique=True)),
                ("certificate", models.BinaryField()),
                ("certificate_id", models.BinaryField(max_length=32, unique=True)),
                ("signature", models.BinaryField(max_length=64)),
                ("board_signatures", models.BinaryField(null=True)),
            ],
        ),
    ]
